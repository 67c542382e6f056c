/**
 * aiobotocore's place: files in S3, or what speaks its protocol, through the official client; streamed both ways.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import {
  DeleteObjectCommand, GetObjectCommand, HeadBucketCommand, ListObjectsV2Command, NoSuchKey, PutObjectCommand,
  S3Client, type S3ClientConfig
} from '@aws-sdk/client-s3'
import Fastify, { type FastifyRequest } from 'fastify'
import bundle, { HTTPLengthRequired, HTTPNotFound, runApp } from '../../app.ts'

type File = { Params: { '*': string } }
/** Takes the bucket, and what the client cannot find in the environment. */
export default async function createApp (Bucket = process.env['S3_BUCKET'] ?? 'files', config: S3ClientConfig = {}) {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(bundle)
  const s3 = new S3Client({ requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000 }, ...config })
  const keyOf = (request: FastifyRequest<File>) => ({ Bucket, Key: request.params['*'] })

  app.cleanupContext(async function * storage () {
    // A wrong name or wrong credentials are told at the start, not by the first visitor.
    try {
      await s3.send(new HeadBucketCommand({ Bucket }))
      yield
    } finally {
      s3.destroy()
    }
  })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, body, done) => done(null, body))

  app.put<File>('/files/*', async (request, reply) => {
    const { 'content-length': length, 'content-type': type } = request.headers
    if (length === undefined) throw new HTTPLengthRequired()
    const Body = request.body as FastifyRequest['raw']
    await s3.send(new PutObjectCommand({ ...keyOf(request), Body, ContentLength: Number(length), ContentType: type }))
    return reply.code(201).send()
  })

  app.get<File>('/files/*', async (request, reply) => {
    const file = await s3.send(new GetObjectCommand(keyOf(request)), { abortSignal: request.signal })
      .catch((error: unknown) => { throw error instanceof NoSuchKey ? new HTTPNotFound() : error })
    reply.header('content-length', file.ContentLength).type(file.ContentType ?? 'application/octet-stream')
    return file.Body
  })

  app.delete<File>('/files/*', async (request, reply) => {
    await s3.send(new DeleteObjectCommand(keyOf(request)))
    return reply.code(204).send()
  })

  app.get('/files', async () => (await s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key) ?? [])
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(() => createApp(), { port: 8080 })
