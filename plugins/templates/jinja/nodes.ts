/**
 * Nodes of the syntax tree that nunjucks lacks.
 *
 * @module
 */

import type { NodeClass, NodeClasses } from './nunjucks-types.ts'

/** All classes, ours included. */
export type JinjaNodes = NodeClasses & Readonly<Record<'JinjaFor' | 'With' | 'Do' | 'Slice' | 'Autoescape', NodeClass>>

export function createNodes (nodes: NodeClasses): JinjaNodes {
  return {
    ...nodes,
    JinjaFor: nodes.Node.extend('JinjaFor', { fields: ['arr', 'name', 'cond', 'body', 'else_', 'recursive'] }),
    With: nodes.Node.extend('With', { fields: ['names', 'values', 'body'] }),
    Do: nodes.Node.extend('Do', { fields: ['value'] }),
    Slice: nodes.Node.extend('Slice', { fields: ['start', 'stop', 'step'] }),
    Autoescape: nodes.Node.extend('Autoescape', { fields: ['enabled', 'body'] })
  }
}
