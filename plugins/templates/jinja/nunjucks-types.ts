/**
 * The part of nunjucks that is used here; the package brings no types along.
 *
 * @module
 */

/** A node of the syntax tree. */
export interface Node {
  readonly typename: string
  readonly lineno: number
  readonly colno: number
  children: Node[]
  value: Node & string
  name: Node
  args: Node
  target: Node
  val: Node
  key: Node
  left: Node
  right: Node
  expr: Node
  ops: readonly Node[]
  type: string
  cond: Node
  body: Node
  else_: Node | null
  arr: Node
  names: readonly Node[]
  values: readonly Node[]
  targets: Node[]
  template: Node
  ignoreMissing: boolean
  withContext: boolean | null
  recursive: boolean
  enabled: boolean
  start: Node | null
  stop: Node | null
  step: Node | null
  addChild (node: Node): void
  findAll (type: NodeClass): Node[]
}

/** A class of nodes. */
export interface NodeClass {
  new (line: number, column: number, ...fields: unknown[]): Node
  extend (name: string, members: object): NodeClass
}

/** The classes by name. */
export type NodeClasses = Readonly<Record<
  'Node' | 'Literal' | 'Symbol' | 'Group' | 'Array' | 'Dict' | 'Pair' | 'Set' | 'For' | 'If' | 'Is' | 'InlineIf' | 'FunCall' |
  'NodeList' | 'Capture' | 'LookupVal' | 'KeywordArgs' | 'Filter' | 'Include' | 'TemplateData' | 'Import' | 'Block' |
  'Add' | 'Sub' | 'Mul' | 'Div' | 'FloorDiv' | 'Mod' | 'Pow' | 'Concat' | 'Neg' | 'Pos',
  NodeClass>>

/** What the lexer calls the kinds of tokens. */
export type TokenName =
  'TOKEN_STRING' | 'TOKEN_INT' | 'TOKEN_FLOAT' | 'TOKEN_BOOLEAN' | 'TOKEN_NONE' | 'TOKEN_SYMBOL' | 'TOKEN_OPERATOR' |
  'TOKEN_TILDE' | 'TOKEN_COMMA' | 'TOKEN_COLON' | 'TOKEN_BLOCK_END' | 'TOKEN_LEFT_PAREN' | 'TOKEN_RIGHT_PAREN' |
  'TOKEN_LEFT_BRACKET' | 'TOKEN_RIGHT_BRACKET' | 'TOKEN_LEFT_CURLY' | 'TOKEN_RIGHT_CURLY'

export interface Token {
  readonly type: string
  readonly value: string
  readonly lineno: number
  readonly colno: number
}

/** Names at compile time and at run time. */
export interface Frame {
  readonly parent: Frame | undefined
  topLevel: boolean
  get (name: string): unknown
  lookup (name: string): unknown
  set (name: string, value: unknown, resolveUp?: boolean): void
  push (isolate?: boolean): Frame
  pop (): Frame
}

export interface Parser {
  breakOnBlocks: readonly string[] | null
  dropLeadingWhitespace: boolean
  nextToken (): Token
  peekToken (): Token
  pushToken (token: Token): void
  skip (type: string): boolean
  skipSymbol (name: string): boolean
  skipValue (type: string, value: string): boolean
  expect (type: string): Token
  fail (message: string, line?: number, column?: number): never
  advanceAfterBlockEnd (name?: string): Token
  parent (...values: unknown[]): Node
  parseAsRoot (): Node
  parseAggregate (): Node | null
  parseConcat (): Node
  parseExpression (): Node
  parseFilter (node: Node): Node
  parseInlineIf (): Node
  parseOr (): Node
  parsePow (): Node
  parsePrimary (noPostfix?: boolean): Node
  parseSignature (tolerant?: boolean, noParens?: boolean): Node
  parseUnary (noFilters?: boolean): Node
  parseUntilBlocks (...names: string[]): Node
}

export interface Compiler {
  buffer: string
  init (name: string, throwOnUndefined: boolean): void
  parent (...values: unknown[]): void
  compile (node: Node, frame?: Frame): void
  fail (message: string, line?: number, column?: number): never
  getCode (): string
  _compileAggregate (node: Node, frame: Frame, start?: string, end?: string): void
  _compileExpression (node: Node, frame: Frame): void
  _emit (code: string): void
  _emitLine (code: string): void
  _popBuffer (): void
  _pushBuffer (): string
  _tmpid (): string
  _withScopedSyntax (write: () => void): void
}

/** A string that is not escaped any more. */
export interface SafeString extends String {
  readonly val: string
}

export interface Context {
  readonly ctx: Record<string, unknown>
  getBlock (name: string): BlockFunction
  getSuper (environment: NunjucksEnvironment, name: string, block: BlockFunction, ...rest: unknown[]): void
  getVariables (): Record<string, unknown>
}

type Done = (error: unknown, text?: string) => void
export type BlockFunction = (
  environment: NunjucksEnvironment, context: Context, frame: Frame, runtime: object, done: Done
) => void

export interface NunjucksTemplate {
  render (context: object, frame?: Frame | Done, done?: Done): string | null | undefined
}

export interface NunjucksEnvironment {
  readonly globals: Record<string, unknown>
  readonly filters: Record<string, (...values: unknown[]) => unknown>
  readonly tests: Record<string, (...values: unknown[]) => boolean>
  getTemplate: (name: unknown, ...rest: unknown[]) => unknown
}

/** What the package exports. */
export interface Nunjucks {
  readonly Environment: new (
    loaders: readonly [], options: { autoescape: boolean, dev: boolean }
  ) => NunjucksEnvironment
  readonly Template: new (
    source: { type: 'code', obj: Readonly<Record<string, BlockFunction>> },
    environment: NunjucksEnvironment, path: string, eager: boolean
  ) => NunjucksTemplate
  readonly nodes: NodeClasses
  readonly lexer: Readonly<Record<TokenName, string>> & { lex (text: string, options?: object): unknown }
  readonly parser: { Parser: { extend (name: string, members: object): new (tokens: unknown) => Parser } }
  readonly compiler: {
    Compiler: { extend (name: string, members: object): new (name: string, strict: boolean) => Compiler }
  }
  readonly runtime: Record<string, unknown> & { SafeString: new (text: string) => SafeString }
}
