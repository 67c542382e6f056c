/**
 * The compiler: what JavaScript comes out of a template where Jinja2 means something else than nunjucks.
 *
 * Operators and lookups go through the runtime; loops and `set` have Jinja2's scopes; lines are counted everywhere.
 *
 * @module
 */

import type { JinjaNodes } from './nodes.ts'
import type { Compiler, Frame, Node, NodeClass, NunjucksEnvironment } from './nunjucks-types.ts'

/** Where the compiler is. */
interface Place {
  /** The function that is written: `root`, or `b_` and the name of a block. */
  inFunction: string
  /** What `{% autoescape %}` says, or nothing. */
  escaping: boolean | undefined
}

/** Statements, before which the line is noted. */
const statements = new Set(['If', 'JinjaFor', 'Set', 'With', 'Do', 'Include', 'Import', 'FromImport', 'Extends'])

export function compilerMethods (nodes: JinjaNodes, environment: NunjucksEnvironment): object {
  const place: Place = { inFunction: 'root', escaping: undefined }
  return {
    ...basics(place),
    ...expressions(nodes, environment),
    ...operators(),
    ...outputs(nodes, place),
    ...calls(nodes, place),
    ...assignments(nodes),
    ...loops(nodes)
  }
}

function basics (place: Place) {
  return {
    // Nunjucks has a list of what may be an expression, and ours is longer.
    assertType (): void {},
    compile (this: Compiler, node: Node, frame: Frame): void {
      if (statements.has(node.typename)) this._emitLine(`lineno = ${node.lineno};`)
      this.parent(node, frame)
    },
    _emitFuncBegin (this: Compiler, node: Node, name: string): void {
      place.inFunction = name
      place.escaping = undefined
      this.parent(node, name)
    }
  }
}

function expressions (nodes: JinjaNodes, { filters, tests }: NunjucksEnvironment) {
  return {
    compilePair (this: Compiler, { key, value }: Node, frame: Frame): void {
      if (is(key, nodes.Symbol)) this._emit(JSON.stringify(key.value))
      else {
        this._emit('[')
        this.compile(key, frame)
        this._emit(']')
      }
      this._emit(': ')
      this.compile(value, frame)
    },
    compileLookupVal (this: Compiler, { target, val }: Node, frame: Frame): void {
      const isSlice = is(val, nodes.Slice)
      write(this, frame, isSlice ? 'runtime.slice(' : 'runtime.memberLookup(', target, ',',
        ...isSlice ? [val.start ?? 'null', ',', val.stop ?? 'null', ',', val.step ?? 'null'] : [val], ')')
    },
    compileFilter (this: Compiler, { name, args, lineno, colno }: Node, frame: Frame): void {
      if (!Object.hasOwn(filters, name.value)) this.fail(`No filter named "${name.value}"`, lineno, colno)
      this._emit(`(lineno = ${lineno}, runtime.filter("${name.value}", context, `)
      this._compileAggregate(args, frame, '[', ']))')
    },
    compileIs (this: Compiler, { left, right, args, enabled, lineno, colno }: Node, frame: Frame): void {
      if (!Object.hasOwn(tests, right.value)) this.fail(`No test named "${right.value}"`, lineno, colno)
      write(this, frame, `(runtime.test("${right.value}", context, `, left, ', ')
      this._compileAggregate(args, frame, '[', ']')
      this._emit(`) === ${enabled})`)
    }
  }
}

function operators () {
  const call = (name: string) => function (this: Compiler, { left, right }: Node, frame: Frame): void {
    write(this, frame, `runtime.${name}(`, left, ', ', right, ')')
  }
  const lazy = (name: string) => function (this: Compiler, { left, right }: Node, frame: Frame): void {
    write(this, frame, `runtime.${name}(`, left, ', () => ', right, ')')
  }
  return {
    compileAdd: call('add'),
    compileMul: call('multiply'),
    compileMod: call('modulo'),
    compileConcat: call('concat'),
    compileIn: call('inOperator'),
    compileOr: lazy('or'),
    compileAnd: lazy('and'),
    compileNot (this: Compiler, { target }: Node, frame: Frame): void {
      write(this, frame, '!runtime.truth(', target, ')')
    },
    compileInlineIf (this: Compiler, { body, cond, else_: otherwise }: Node, frame: Frame): void {
      write(this, frame, '(runtime.truth(', cond, ') ? ', body, ' : ', otherwise ?? '""', ')')
    },
    compileCompare (this: Compiler, { expr, ops }: Node, frame: Frame): void {
      write(this, frame, 'runtime.compare(', expr, ...ops.flatMap(({ type, expr }) => [`, "${type}", `, expr]), ')')
    },
    compileIf (this: Compiler, { cond, body, else_: otherwise }: Node, frame: Frame): void {
      write(this, frame, 'if (runtime.truth(', cond, ')) {\n')
      this._withScopedSyntax(() => this.compile(body, frame))
      if (otherwise !== null) {
        this._emitLine('} else {')
        this._withScopedSyntax(() => this.compile(otherwise, frame))
      }
      this._emitLine('}')
    }
  }
}

function outputs (nodes: JinjaNodes, place: Place) {
  const escaping = () => place.escaping ?? 'env.opts.autoescape'
  return {
    compileOutput (this: Compiler & { compileLiteral (node: Node): void }, { children }: Node, frame: Frame): void {
      for (const child of children) {
        if (is(child, nodes.TemplateData)) {
          if (child.value === '') continue
          this._emit(`${this.buffer} += `)
          this.compileLiteral(child)
          this._emitLine(';')
        } else {
          this._emitLine(`lineno = ${child.lineno};`)
          write(this, frame, `${this.buffer} += runtime.suppressValue(`, child, `, ${escaping()});\n`)
        }
      }
    },
    compileCapture (this: Compiler, { body }: Node, frame: Frame): void {
      const { buffer } = this
      this.buffer = 'output'
      this._emitLine('(function() { var output = "";')
      this._withScopedSyntax(() => this.compile(body, frame))
      this._emitLine(`return runtime.captured(output, ${escaping()}); })()`)
      this.buffer = buffer
    },
    compileAutoescape (this: Compiler, { enabled, body }: Node, frame: Frame): void {
      const before = place.escaping
      place.escaping = enabled
      this.compile(body, frame)
      place.escaping = before
    }
  }
}

function calls (nodes: JinjaNodes, place: Place) {
  return {
    compileFunCall (this: Compiler, node: Node, frame: Frame): void {
      const { name } = node
      if (is(name, nodes.Symbol) && name.value === 'super' && place.inFunction.startsWith('b_')) {
        this._emit(`runtime.superBlock(env, context, frame, "${place.inFunction.slice(2)}", runtime.known(${place.inFunction}))`)
      } else if (is(name, nodes.LookupVal) && is(name.target, nodes.Symbol) && name.target.value === 'self') {
        this._emit(`runtime.ownBlock(env, context, frame, "${name.val.value}")`)
      } else this.parent(node, frame)
    },
    compileInclude (this: Compiler & { _templateName (): string }, node: Node, frame: Frame): void {
      write(this, frame, `${this.buffer} += runtime.include(env, `, node.template, `, ${this._templateName()}, ` +
        `${node.ignoreMissing}, ${node.withContext ? 'context, frame' : 'null, frame'});\n`)
    },
    compileDo (this: Compiler, { value }: Node, frame: Frame): void {
      write(this, frame, value, ';\n')
    }
  }
}

function assignments (nodes: JinjaNodes) {
  return {
    compileSet (this: Compiler, { targets, value, body }: Node, frame: Frame): void {
      const id = this._tmpid()
      write(this, frame, `var ${id} = `, value ?? body, ';\n')
      const several = targets.length > 1
      if (several) this._emitLine(`${id} = runtime.unpack(${id}, ${targets.length});`)
      targets.forEach((target, index) => assign(this, target, several ? `${id}[${index}]` : id, frame))
    },
    compileWith (this: Compiler, { names, values, body }: Node, outer: Frame): void {
      const ids = values.map(value => {
        const id = this._tmpid()
        write(this, outer, `var ${id} = `, value, ';\n')
        return id
      })
      const frame = outer.push()
      this._emitLine('frame = frame.push();')
      names.forEach((name, index) => bind(this, nodes, name, String(ids[index]), frame))
      this._withScopedSyntax(() => this.compile(body, frame))
      this._emitLine('frame = frame.pop();')
    }
  }

  /** `set` in the scope that is open, as in Jinja2: what a loop sets ends with the loop. */
  function assign (compiler: Compiler, target: Node, code: string, frame: Frame): void {
    if (is(target, nodes.LookupVal)) {
      write(compiler, frame, 'runtime.setMember(', target.target, ', ', target.val, `, ${code});\n`)
      return
    }
    if (!(is(target, nodes.Symbol))) compiler.fail('Expected a name behind set', target.lineno, target.colno)
    const name = JSON.stringify(target.value)
    // From here on it is looked up while the template runs.
    frame.set(target.value, null)
    compiler._emitLine(`frame.set(${name}, ${code});`)
    compiler._emitLine(`if (frame.topLevel) { context.setVariable(${name}, ${code});` +
      (target.value.startsWith('_') ? ' }' : ` context.addExport(${name}); }`))
  }
}

/** Code for the parts of a loop. */
interface LoopCode {
  readonly depth: string
  readonly recurse: string
  readonly items: Node | string
}

function loops (nodes: JinjaNodes) {
  return {
    compileJinjaFor (this: Compiler, node: Node, outer: Frame): void {
      if (!node.recursive) return writeLoop(this, nodes, node, outer, { depth: '0', recurse: 'null', items: node.arr })
      const name = this._tmpid()
      this._emitLine(`var ${name} = function (items, depth) {`)
      const buffer = this._pushBuffer()
      this._withScopedSyntax(() => writeLoop(this, nodes, node, outer, { depth: 'depth', recurse: name, items: 'items' }))
      this._popBuffer()
      this._emitLine(`return runtime.captured(${buffer}, true); };`)
      write(this, outer, `${this.buffer} += runtime.suppressValue(${name}(`, node.arr, ', 0), true);\n')
    }
  }
}

function writeLoop (
  compiler: Compiler, nodes: JinjaNodes, node: Node, outer: Frame, { depth, recurse, items: source }: LoopCode
): void {
  const [items, loop, index] = [compiler._tmpid(), compiler._tmpid(), compiler._tmpid()]
  write(compiler, outer, `var ${items} = runtime.items(`, source, `, ${is(node.name, nodes.Array)});\n`)
  if (node.cond !== null) writeCondition(compiler, nodes, node, outer, items)
  // What an iteration sets ends with it; where nothing is set one scope does for all.
  const scoped = node.body.findAll(nodes.Set).length > 0
  compiler._emitLine(`var ${loop} = runtime.loop(${items}, ${depth}, ${recurse});`)
  compiler._emitLine('frame = frame.push();')
  compiler._emitLine(`frame.set("loop", ${loop});`)
  compiler._emitLine(`for (var ${index} = 0; ${index} < ${items}.length; ${index}++) {`)
  compiler._emitLine(`runtime.step(${loop}, ${index});`)
  if (scoped) compiler._emitLine('frame = frame.push();')
  const frame = outer.push()
  frame.set('loop', loop)
  bind(compiler, nodes, node.name, `${items}[${index}]`, frame)
  compiler._withScopedSyntax(() => compiler.compile(node.body, frame))
  if (scoped) compiler._emitLine('frame = frame.pop();')
  compiler._emitLine('}')
  compiler._emitLine('frame = frame.pop();')
  const otherwise = node.else_
  if (otherwise === null) return
  compiler._emitLine(`if (${items}.length === 0) {`)
  compiler._withScopedSyntax(() => compiler.compile(otherwise, outer))
  compiler._emitLine('}')
}

/** `for … if`: what is left out is not counted. */
function writeCondition (compiler: Compiler, nodes: JinjaNodes, node: Node, outer: Frame, items: string): void {
  const frame = outer.push()
  const item = compiler._tmpid()
  compiler._emitLine('frame = frame.push();')
  compiler._emitLine(`${items} = ${items}.filter(function (${item}) {`)
  bind(compiler, nodes, node.name, item, frame)
  write(compiler, frame, 'return runtime.truth(', node.cond, ');\n')
  compiler._emitLine('});')
  compiler._emitLine('frame = frame.pop();')
}

/** Gives a name, or several of them, a value in a scope. */
function bind (compiler: Compiler, nodes: JinjaNodes, target: Node, code: string, frame: Frame): void {
  if (is(target, nodes.Symbol)) {
    const id = compiler._tmpid()
    compiler._emitLine(`var ${id} = ${code};`)
    compiler._emitLine(`frame.set(${JSON.stringify(target.value)}, ${id});`)
    frame.set(target.value, id)
  } else if (is(target, nodes.Array) || is(target, nodes.Group)) {
    const id = compiler._tmpid()
    compiler._emitLine(`var ${id} = runtime.unpack(${code}, ${target.children.length});`)
    target.children.forEach((child, index) => bind(compiler, nodes, child, `${id}[${index}]`, frame))
  } else compiler.fail('Expected a name', target.lineno, target.colno)
}

/** Writes code, and nodes as the code they become. */
function write (compiler: Compiler, frame: Frame, ...parts: readonly (Node | string)[]): void {
  for (const part of parts) {
    if (typeof part === 'string') compiler._emit(part)
    else compiler.compile(part, frame)
  }
}

/** `instanceof` that narrows nothing: all classes have one type. */
function is (node: Node, kind: NodeClass): boolean {
  return node instanceof kind
}
