/**
 * The parser: statements and expressions that nunjucks does not know, or reads in another way than Jinja2.
 *
 * @module
 */

import type { JinjaNodes } from './nodes.ts'
import type { Node, NodeClass, Nunjucks, Parser, Token } from './nunjucks-types.ts'

/** What cannot be the argument of a test without parentheses. */
const operators = new Set(['and', 'or', 'not', 'is', 'in', 'if', 'else', 'recursive'])

/** What trees are made of: kinds of nodes, and of tokens. */
interface Grammar {
  readonly nodes: JinjaNodes
  readonly lexer: Nunjucks['lexer']
}

export function parserMethods (nodes: JinjaNodes, lexer: Nunjucks['lexer']): object {
  const grammar = { nodes, lexer }
  return { ...statements(grammar), ...loops(grammar), ...operations(grammar), ...values(grammar) }
}

function statements (grammar: Grammar) {
  const { nodes, lexer } = grammar
  return {
    parseStatement (this: Parser): Node | null {
      const token = this.peekToken()
      if (this.breakOnBlocks?.includes(token.value) === true) return null
      if (this.skipSymbol('with')) return parseWith(this, grammar, token)
      if (this.skipSymbol('autoescape')) return parseAutoescape(this, grammar, token)
      if (!this.skipSymbol('do')) return this.parent()
      const value = this.parseExpression()
      this.advanceAfterBlockEnd('do')
      return new nodes.Do(token.lineno, token.colno, value)
    },
    parseSet (this: Parser): Node {
      const token = this.nextToken()
      const node = new nodes.Set(token.lineno, token.colno, [])
      do node.targets.push(this.parsePrimary()); while (this.skip(lexer.TOKEN_COMMA))
      if (this.skipValue(lexer.TOKEN_OPERATOR, '=')) {
        node.value = listOf(this, grammar) as Node & string
        this.advanceAfterBlockEnd('set')
        return node
      }
      this.advanceAfterBlockEnd('set')
      node.body = new nodes.Capture(token.lineno, token.colno, this.parseUntilBlocks('endset'))
      this.advanceAfterBlockEnd()
      return node
    },
    parseInclude (this: Parser): Node {
      const token = this.nextToken()
      const node = new nodes.Include(token.lineno, token.colno, this.parseExpression())
      node.ignoreMissing = this.skipSymbol('ignore') && this.skipSymbol('missing')
      node.withContext = !this.skipSymbol('without')
      if (node.withContext) this.skipSymbol('with')
      this.skipSymbol('context')
      this.advanceAfterBlockEnd('include')
      return node
    }
  }
}

function parseWith (parser: Parser, { nodes, lexer }: Grammar, { lineno, colno }: Token): Node {
  const names: Node[] = []
  const values: Node[] = []
  while (parser.peekToken().type !== lexer.TOKEN_BLOCK_END) {
    if (names.length > 0) parser.expect(lexer.TOKEN_COMMA)
    names.push(parser.parsePrimary(true))
    if (!parser.skipValue(lexer.TOKEN_OPERATOR, '=')) parser.fail('expected "=" behind a name of with', lineno, colno)
    values.push(parser.parseExpression())
  }
  parser.advanceAfterBlockEnd('with')
  const body = parser.parseUntilBlocks('endwith')
  parser.advanceAfterBlockEnd()
  return new nodes.With(lineno, colno, names, values, body)
}

function parseAutoescape (parser: Parser, { nodes }: Grammar, { lineno, colno }: Token): Node {
  const { value } = parser.nextToken()
  if (value !== 'true' && value !== 'false') parser.fail('expected true or false behind autoescape', lineno, colno)
  parser.advanceAfterBlockEnd('autoescape')
  const body = parser.parseUntilBlocks('endautoescape')
  parser.advanceAfterBlockEnd()
  return new nodes.Autoescape(lineno, colno, value === 'true', body)
}

function loops (grammar: Grammar) {
  const { nodes, lexer } = grammar
  return {
    parseFor (this: Parser): Node {
      const token = this.nextToken()
      if (token.value !== 'for') this.fail(`${token.value} is not needed here: for and if do the same`, token.lineno, token.colno)
      const names = [this.parsePrimary(true)]
      while (this.skip(lexer.TOKEN_COMMA)) names.push(this.parsePrimary(true))
      const [name] = names.length === 1 ? names : [new nodes.Array(token.lineno, token.colno, names)]
      if (!this.skipSymbol('in')) this.fail('expected "in" behind the names of for', token.lineno, token.colno)
      const items = listOf(this, grammar, () => this.parseOr())
      const condition = this.skipSymbol('if') ? this.parseExpression() : null
      const recursive = this.skipSymbol('recursive')
      this.advanceAfterBlockEnd('for')
      const body = this.parseUntilBlocks('endfor', 'else')
      let otherwise: Node | null = null
      if (this.skipSymbol('else')) {
        this.advanceAfterBlockEnd('else')
        otherwise = this.parseUntilBlocks('endfor')
      }
      this.advanceAfterBlockEnd()
      return new nodes.JinjaFor(token.lineno, token.colno, items, name, condition, body, otherwise, recursive)
    }
  }
}

/** Operators, in Jinja2's order: `+ -` below `~` below `* / // %` below `**`. */
function operations (grammar: Grammar) {
  const { nodes } = grammar
  return {
    parseConcat (this: Parser): Node {
      const product = () => chain(this, grammar, () => this.parsePow(),
        { '*': nodes.Mul, '/': nodes.Div, '//': nodes.FloorDiv, '%': nodes.Mod })
      const text = () => chain(this, grammar, product, { '~': nodes.Concat })
      return chain(this, grammar, text, { '+': nodes.Add, '-': nodes.Sub })
    },
    parseInlineIf (this: Parser): Node {
      const node = this.parseOr()
      if (!this.skipSymbol('if')) return node
      const condition = this.parseOr()
      const otherwise = this.skipSymbol('else') ? this.parseInlineIf() : null
      return new nodes.InlineIf(node.lineno, node.colno, condition, node, otherwise)
    },
    // Tests bind as closely as filters.
    parseIs (this: Parser & { parseCompare (): Node }): Node {
      return this.parseCompare()
    },
    parseFilter (this: Parser, start: Node): Node {
      let node = this.parent(start)
      while (this.skipSymbol('is')) node = parseTest(this, grammar, node)
      return node
    }
  }
}

/** Operators of one rank, from left to right. */
function chain (
  parser: Parser, { lexer }: Grammar, next: () => Node, operators: Readonly<Record<string, NodeClass>>
): Node {
  let node = next()
  for (;;) {
    const token = parser.nextToken()
    const isOperator = [lexer.TOKEN_OPERATOR, lexer.TOKEN_TILDE].includes(token?.type)
    const Operation = isOperator ? operators[token.value] : undefined
    if (Operation === undefined) {
      parser.pushToken(token)
      return node
    }
    node = new Operation(token.lineno, token.colno, node, next())
  }
}

function parseTest (parser: Parser, grammar: Grammar, node: Node): Node {
  const { nodes } = grammar
  const negated = parser.skipSymbol('not')
  const name = parser.nextToken()
  const test = new nodes.Is(name.lineno, name.colno, node, new nodes.Symbol(name.lineno, name.colno, name.value))
  test.args = testArguments(parser, grammar)
  test.enabled = !negated
  return test
}

/** What is between parentheses behind the name of a test, or one value without them. */
function testArguments (parser: Parser, { nodes, lexer }: Grammar): Node {
  const { type, value, lineno, colno } = parser.peekToken()
  if (type === lexer.TOKEN_LEFT_PAREN) return parser.parseSignature()
  const isValue = [lexer.TOKEN_STRING, lexer.TOKEN_INT, lexer.TOKEN_FLOAT, lexer.TOKEN_BOOLEAN, lexer.TOKEN_NONE,
    lexer.TOKEN_LEFT_BRACKET, lexer.TOKEN_LEFT_CURLY].includes(type) ||
    (type === lexer.TOKEN_SYMBOL && !operators.has(value))
  return new nodes.NodeList(lineno, colno, isValue ? [parser.parsePrimary()] : [])
}

function values (grammar: Grammar) {
  const { nodes, lexer } = grammar
  return {
    parsePostfix (this: Parser, start: Node): Node {
      let node = start
      for (;;) {
        const { type, value, lineno, colno } = this.peekToken() ?? {}
        if (type === lexer.TOKEN_LEFT_PAREN) {
          node = new nodes.FunCall(lineno, colno, node, this.parseSignature())
        } else if (type === lexer.TOKEN_LEFT_BRACKET) {
          node = new nodes.LookupVal(lineno, colno, node, parseSubscript(this, grammar))
        } else if (type === lexer.TOKEN_OPERATOR && value === '.') {
          this.nextToken()
          const name = this.nextToken()
          if (![lexer.TOKEN_SYMBOL, lexer.TOKEN_INT].includes(name.type)) this.fail('expected a name behind "."', lineno, colno)
          node = new nodes.LookupVal(lineno, colno, node, new nodes.Literal(name.lineno, name.colno, name.value))
        } else return node
      }
    },
    parseAggregate (this: Parser): Node | null {
      const { type, lineno, colno } = this.nextToken()
      const ends = new Map([
        [lexer.TOKEN_LEFT_PAREN, lexer.TOKEN_RIGHT_PAREN],
        [lexer.TOKEN_LEFT_BRACKET, lexer.TOKEN_RIGHT_BRACKET],
        [lexer.TOKEN_LEFT_CURLY, lexer.TOKEN_RIGHT_CURLY]
      ])
      const end = ends.get(type)
      if (end === undefined) return null
      const isDict = type === lexer.TOKEN_LEFT_CURLY
      const next = () => isDict ? parsePair(this, grammar) : this.parseExpression()
      const { items, commas } = parseItems(this, grammar, end, next)
      const isGroup = type === lexer.TOKEN_LEFT_PAREN && items.length === 1 && commas === 0
      const Aggregate = isDict ? nodes.Dict : isGroup ? nodes.Group : nodes.Array
      return new Aggregate(lineno, colno, items)
    }
  }
}

/** Everything up to the end of an aggregate; a comma may follow the last. */
function parseItems (
  parser: Parser, { lexer }: Grammar, end: Token['type'], next: () => Node
): { items: Node[], commas: number } {
  const items: Node[] = []
  let commas = 0
  while (!parser.skip(end)) {
    if (items.length > 0) {
      parser.expect(lexer.TOKEN_COMMA)
      commas++
      if (parser.skip(end)) break
    }
    items.push(next())
  }
  return { items, commas }
}

function parsePair (parser: Parser, { nodes, lexer }: Grammar): Node {
  const key = parser.parseExpression()
  parser.expect(lexer.TOKEN_COLON)
  return new nodes.Pair(key.lineno, key.colno, key, parser.parseExpression())
}

/** What is between brackets behind a value: an index or a slice. */
function parseSubscript (parser: Parser, { nodes, lexer }: Grammar): Node {
  const token = parser.nextToken()
  const parts: (Node | null)[] = [null]
  while (!parser.skip(lexer.TOKEN_RIGHT_BRACKET)) {
    if (parser.skip(lexer.TOKEN_COLON)) parts.push(null)
    else parts[parts.length - 1] = parser.parseExpression()
  }
  const [first] = parts
  if (parts.length === 1 && first !== null && first !== undefined) return first
  if (parts.length === 1 || parts.length > 3) parser.fail('expected an index or a slice', token.lineno, token.colno)
  return new nodes.Slice(token.lineno, token.colno, ...parts)
}

/** One value, or a list of values without brackets. */
function listOf (parser: Parser, { nodes, lexer }: Grammar, next = () => parser.parseExpression()): Node {
  const first = next()
  if (parser.peekToken().type !== lexer.TOKEN_COMMA) return first
  const items = [first]
  while (parser.skip(lexer.TOKEN_COMMA)) items.push(next())
  return new nodes.Array(first.lineno, first.colno, items)
}
