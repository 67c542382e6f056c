/**
 * Request bodies from their descriptions.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { FormData, type FormFields } from '../../../plugins/client-session/index.ts'
import { MultipartWriter } from '../../../plugins/responses/index.ts'
import { checkKeys, UnknownInCase, type Spec } from './case.ts'
import type { Files } from './files.ts'
import { bytesOf, isSpec, scalar } from './values.ts'

/** Makes what is given as `data`; a plain value is itself. */
export function makeBody (spec: unknown, files: Files): unknown {
  if (!isSpec(spec)) return spec
  if ('text' in spec) return spec.text
  if ('bytearray' in spec) return Buffer.from(String(spec.bytearray))
  if ('memoryview' in spec) return new DataView(Uint8Array.from(Buffer.from(String(spec.memoryview))).buffer)
  if ('form' in spec) return makeForm(spec, files)
  if ('fields' in spec) return makeFields(spec, files)
  if ('stream' in spec) return generate(spec)
  if ('file' in spec) return files.open(spec.file)
  if ('bytesio' in spec) return new Blob([String(spec.bytesio)])
  if ('stringio' in spec) return String(spec.stringio)
  if ('multipart' in spec) return makeMultipart(spec.multipart, files)
  if ('object' in spec) return new WeakMap()
  return bytesOf(spec)
}

async function * generate (spec: Spec): AsyncGenerator<Buffer> {
  checkKeys('option of a stream', spec, ['stream', 'pause', 'fail'])
  for (const chunk of spec.stream as unknown[]) {
    if (spec.pause !== undefined) await sleep(Number(spec.pause))
    yield bytesOf(chunk)
  }
  if (spec.fail !== undefined) throw new RangeError(String(spec.fail))
}

/** A form from an object or pairs; the class only where its options are needed. */
function makeForm (spec: Spec, files: Files): unknown {
  checkKeys('option of a form', spec, ['form', 'multidict', ...Object.keys(formOptions)])
  const content = Array.isArray(spec.form)
    ? scalar(spec.form)
    : Object.fromEntries(Object.entries(spec.form as Spec).map(([name, value]) => [name, fieldValue(value, files)]))
  const options = optionsOf(spec)
  return Object.keys(options).length === 0 ? content : new FormData(content as FormFields, options)
}

function makeFields (spec: Spec, files: Files): FormData {
  checkKeys('option of a form', spec, ['fields', ...Object.keys(formOptions)])
  const form = new FormData(undefined, optionsOf(spec))
  for (const field of spec.fields as Spec[]) {
    checkKeys('option of a field', field, ['name', 'value', 'content_type', 'filename', 'content_transfer_encoding'])
    form.addField(field.name as string, fieldValue(field.value, files) as string, {
      ...(field.content_type !== undefined && { contentType: field.content_type as string }),
      ...(field.filename !== undefined && { filename: field.filename as string }),
      ...(field.content_transfer_encoding !== undefined &&
        { contentTransferEncoding: field.content_transfer_encoding as string })
    })
  }
  return form
}

const formOptions = { charset: 'charset', quote_fields: 'quoteFields', default_to_multipart: 'defaultToMultipart' }

function optionsOf (spec: Spec): object {
  return Object.fromEntries(Object.entries(formOptions)
    .filter(([name]) => name in spec)
    .map(([name, ours]) => [ours, spec[name]]))
}

function fieldValue (value: unknown, files: Files): unknown {
  if (isSpec(value)) {
    if ('file' in value) return files.open(value.file)
    if ('bytesio' in value) return new Blob([String(value.bytesio)])
    if ('stringio' in value) return new Blob([String(value.stringio)])
  }
  return scalar(value)
}

function makeMultipart (spec: unknown, files: Files): MultipartWriter {
  checkKeys('option of a multipart', spec as Spec, ['subtype', 'parts'])
  const { subtype = 'mixed', parts } = spec as { subtype?: string, parts: Spec[] }
  const writer = new MultipartWriter(subtype)
  for (const part of parts) {
    checkKeys('option of a part', part, ['headers', 'json', 'form', 'multipart', 'b64', 'text', 'charset'])
    const headers = (part.headers ?? {}) as Record<string, string>
    if ('json' in part) writer.appendJSON(part.json, headers)
    else if ('form' in part) writer.appendForm(scalar(part.form) as Record<string, string>, headers)
    else if ('multipart' in part) writer.append(makeMultipart(part.multipart, files), headers)
    else if ('b64' in part) writer.append(bytesOf(part), headers)
    else if ('text' in part) writer.append(String(part.text), headers)
    else throw new UnknownInCase('part', part)
  }
  return writer
}
