/**
 * What a name below a served folder stands for: a file, a directory, nothing, or something not to be shown.
 *
 * Decides on the real path, with every symbolic link resolved, so that nothing outside of the folder
 * is reached by a link, a `..` or an odd encoding. Knows no HTTP.
 *
 * @module
 */

import { constants, realpathSync } from 'node:fs'
import { access, readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'

/** What becomes of names with a segment that begins with a dot. */
export type DotfilesPolicy = 'ignore' | 'deny' | 'allow'

/** What is at a name; `missing` is also the answer to every attempt to leave the folder. */
export type Found = 'file' | 'directory' | 'missing' | 'forbidden'

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

/** One folder that is served. */
export class Folder {
  /** The real path of the folder; resolved once, as aiohttp does. */
  readonly root: string
  readonly #options: FolderOptions

  /** Throws what the file system says when there is no such path. */
  constructor (root: string, options: FolderOptions) {
    this.root = realpathSync(root)
    this.#options = options
  }

  /** Looks a decoded name up, without its leading slash; the empty name is the folder itself. */
  async find (name: string): Promise<Found> {
    const segments = name.split('/')
    const wantsDirectory = segments.at(-1) === ''
    if (wantsDirectory) segments.pop()
    if (!segments.every(isPlain)) return 'missing'
    const { dotfiles } = this.#options
    if (dotfiles !== 'allow' && segments.some(segment => segment.startsWith('.'))) {
      return dotfiles === 'deny' ? 'forbidden' : 'missing'
    }
    const found = await this.#look(path.join(this.root, ...segments))
    return found === 'file' && wantsDirectory ? 'missing' : found
  }

  /** The entries of a directory that `find()` has found, by name; only those that can be asked for. */
  async list (name: string): Promise<Entry[]> {
    const names = await readdir(path.join(this.root, name))
    const entries = await Promise.all(names.map(async entry => ({
      name: entry,
      found: await this.find(path.posix.join(name, entry))
    })))
    return entries
      .filter(({ found }) => found === 'file' || found === 'directory')
      .map(({ name, found }) => ({ name, directory: found === 'directory' }))
      .sort((a, b) => a.name < b.name ? -1 : 1)
  }

  async #look (target: string): Promise<Found> {
    try {
      const real = await realpath(target)
      if (!this.#options.followSymlinks && !isInside(this.root, real)) return 'missing'
      const stats = await stat(real)
      if (stats.isDirectory()) return 'directory'
      // A pipe or a device would block or never end.
      if (!stats.isFile()) return 'forbidden'
      await access(real, constants.R_OK)
      return 'file'
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (missingCodes.has(code)) return 'missing'
      if (code === 'EACCES' || code === 'EPERM') return 'forbidden'
      throw error
    }
  }
}

/** Whether a segment is a name and nothing the file system would take for something else. */
function isPlain (segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && !segment.includes('\\') && !segment.includes('\0')
}

function isInside (root: string, target: string): boolean {
  const relative = path.relative(root, target)
  // By segment: Kubernetes mounts its files as links to a folder named "..data".
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative)
}
