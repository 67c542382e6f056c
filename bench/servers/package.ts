/** The built package, as users run it: types are stripped, and nothing is transpiled while it is measured. */

type Package = typeof import('../../app.ts')

export const {
  default: bundle, AppRunner, get: define, HTTPForbidden, HTTPFound, MemoryStorage, TCPSite, runCluster
} =
  await import(new URL('../../dist/app.js', import.meta.url).href) as Package
