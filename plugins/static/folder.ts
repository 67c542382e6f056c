/**
 * What a name below a served folder stands for: a file, a directory, nothing, or something not to be shown.
 *
 * Decides on the real path, with every symbolic link resolved, so that nothing outside of the folder
 * is reached by a link, a `..` or an odd encoding; everything outside is `missing`, whether it exists or not.
 * Knows no HTTP.
 *
 * @module
 */

import { accessSync, type BigIntStats, constants, realpathSync, statSync } from 'node:fs'
import { access, type FileHandle, lstat, open, readdir, readlink, realpath, stat } from 'node:fs/promises'
import path from 'node:path'

/** What becomes of names with a segment that begins with a dot. */
export type DotfilesPolicy = 'ignore' | 'deny' | 'allow'

/** A regular file, or a directory, at its real path. */
export interface Place {
  readonly kind: 'file' | 'directory'
  readonly path: string
  readonly stats: BigIntStats
}

/** What is at a name; `missing` is also the answer to every attempt to leave the folder. */
export type Found = Place | { readonly kind: 'missing' | 'forbidden' }

/** A file that is open for reading. */
export interface OpenFile {
  readonly handle: FileHandle
  readonly stats: BigIntStats
}

/** One line of a directory listing. */
export interface Entry {
  readonly name: string
  readonly directory: boolean
}

/** How a folder is looked into. */
export interface FolderOptions {
  /** Whether symbolic links may lead out of the folder. */
  readonly followSymlinks: boolean
  readonly dotfiles: DotfilesPolicy
}

const missingCodes = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EINVAL'])
const missing: Found = { kind: 'missing' }
const forbidden: Found = { kind: 'forbidden' }
// A pipe would block; a link that was put there after the look is not followed. Windows has neither.
const reading = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** One folder that is served. */
export class Folder {
  /** The real path of the folder; resolved once, as aiohttp does. */
  readonly root: string
  readonly #inside: string
  readonly #options: FolderOptions

  /** Throws what the file system says when there is no such path. */
  constructor (root: string, options: FolderOptions) {
    this.root = realpathSync(root)
    this.#inside = this.root.endsWith(path.sep) ? this.root : this.root + path.sep
    this.#options = options
  }

  /** Looks a decoded name up, without its leading slash; the empty name is the folder itself. */
  async find (name: string): Promise<Found> {
    const { refused, target, wantsDirectory } = this.#resolve(name)
    if (refused !== undefined) return refused
    const found = await this.#look(target)
    return found.kind === 'file' && wantsDirectory ? missing : found
  }

  /**
   * A file beside the one that `find()` has found at a name, such as its `.gz`: a regular file, never a link. It counts
   * where there is nothing at the name itself, too.
   */
  async findSibling (name: string, found: Found, extension: string): Promise<Place | undefined> {
    const { refused, target, wantsDirectory } = this.#resolve(name)
    if (refused !== undefined || wantsDirectory) return undefined
    try {
      const file = found.kind === 'file' ? found.path : await this.#vacant(target)
      if (file === undefined || !this.#allows(file)) return undefined
      const sibling = file + extension
      const stats = await lstat(sibling, { bigint: true })
      if (!stats.isFile()) return undefined
      await access(sibling, constants.R_OK)
      return { kind: 'file', path: sibling, stats }
    } catch (error) {
      // What cannot be read is not sent in place of the file.
      if (missingCodes.has(codeOf(error)) || deniedCodes.has(codeOf(error))) return undefined
      throw error
    }
  }

  /** The file at a name, found at once; `undefined` for everything else, whatever the reason. */
  findFileSync (name: string): Place | undefined {
    const { refused, target, wantsDirectory } = this.#resolve(name)
    if (refused !== undefined || wantsDirectory) return undefined
    try {
      const real = realpathSync(target)
      if (!this.#allows(real)) return undefined
      const stats = statSync(real, { bigint: true })
      if (!stats.isFile()) return undefined
      accessSync(real, constants.R_OK)
      return { kind: 'file', path: real, stats }
    } catch {
      return undefined
    }
  }

  /**
   * Opens a file that a look has found; `undefined` when it is not there any more, or not where it was: between the
   * look and now somebody may have put a link in its place.
   */
  async open (file: string): Promise<OpenFile | undefined> {
    const handle = await open(file, reading).catch(ignoreVanished)
    if (handle === undefined) return undefined
    try {
      const stats = await handle.stat({ bigint: true })
      if (stats.isFile() && await this.#isStillAt(handle, file)) return { handle, stats }
    } catch (error) {
      await handle.close()
      throw error
    }
    await handle.close()
    return undefined
  }

  /** The entries of a directory that `find()` has found, by name; only those that can be asked for. */
  async list (name: string): Promise<Entry[]> {
    const names = await readdir(path.join(this.root, name))
    const entries = await Promise.all(names.map(async entry => ({
      name: entry,
      kind: (await this.find(path.posix.join(name, entry))).kind
    })))
    return entries
      .filter(({ kind }) => kind === 'file' || kind === 'directory')
      .map(({ name, kind }) => ({ name, directory: kind === 'directory' }))
      .sort((a, b) => a.name < b.name ? -1 : 1)
  }

  #resolve (name: string): { refused?: Found, target: string, wantsDirectory: boolean } {
    const segments = name.split('/')
    const wantsDirectory = segments.at(-1) === ''
    if (wantsDirectory) segments.pop()
    const target = path.join(this.root, ...segments)
    if (!segments.every(isPlain)) return { refused: missing, target, wantsDirectory }
    const { dotfiles } = this.#options
    if (dotfiles !== 'allow' && segments.some(segment => segment.startsWith('.'))) {
      return { refused: dotfiles === 'deny' ? forbidden : missing, target, wantsDirectory }
    }
    return { target, wantsDirectory }
  }

  async #look (target: string): Promise<Found> {
    try {
      const real = await realpath(target)
      if (!this.#allows(real)) return missing
      const stats = await stat(real, { bigint: true })
      if (stats.isDirectory()) return { kind: 'directory', path: real, stats }
      // A pipe or a device would block or never end.
      if (!stats.isFile()) return forbidden
      await access(real, constants.R_OK)
      return { kind: 'file', path: real, stats }
    } catch (error) {
      const code = codeOf(error)
      if (missingCodes.has(code)) return missing
      if (deniedCodes.has(code)) return await this.#leadsOut(target) ? missing : forbidden
      throw error
    }
  }

  /** Whether a name that is denied passes a link: what is denied may then lie outside, and that is not told. */
  async #leadsOut (target: string): Promise<boolean> {
    if (this.#options.followSymlinks) return false
    let current = this.root
    for (const segment of path.relative(this.root, target).split(path.sep)) {
      current = path.join(current, segment)
      const stats = await lstat(current).catch(() => undefined)
      if (stats === undefined) return false
      if (stats.isSymbolicLink()) return !await realpath(current).then(real => this.#allows(real), () => false)
    }
    return false
  }

  /** The real path of a name nothing stands at, not even a link. */
  async #vacant (target: string): Promise<string | undefined> {
    const file = path.join(await realpath(path.dirname(target)), path.basename(target))
    return await lstat(file).then(() => undefined, () => file)
  }

  #allows (real: string): boolean {
    // With the separator: "/srv/rootly" is not inside of "/srv/root".
    return this.#options.followSymlinks || real === this.root || real.startsWith(this.#inside)
  }

  /** Where the open file really is: Linux knows exactly, elsewhere its path is resolved once more. */
  async #isStillAt (handle: FileHandle, file: string): Promise<boolean> {
    if (this.#options.followSymlinks) return true
    const real = process.platform === 'linux'
      ? await readlink(`/proc/self/fd/${handle.fd}`).catch(() => realpath(file))
      : await realpath(file)
    return this.#allows(real)
  }
}

const deniedCodes = new Set(['EACCES', 'EPERM'])

function codeOf (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** ENXIO is a socket, EISDIR a directory that cannot be opened: neither is the file of before. */
function ignoreVanished (error: unknown): undefined {
  if (![...missingCodes, ...deniedCodes, 'ENXIO', 'EISDIR'].includes(codeOf(error))) throw error
}

/** Whether a segment is a name and nothing the file system would take for something else. */
function isPlain (segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && !segment.includes('\\') && !segment.includes('\0')
}
