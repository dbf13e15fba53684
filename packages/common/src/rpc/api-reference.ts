import * as z from 'zod';
import { RPC_TABLE } from './rpc-table.ts';
import * as s from './schemas.ts';

/** The local API in words that a person reads: TypeScript's, with names for the shapes that occur more than once. */
export interface ApiReference {
  readonly shapes: readonly { readonly name: string; readonly fields: readonly Field[] }[];
  readonly methods: readonly {
    readonly name: string;
    readonly params: readonly Field[];
    readonly result: string;
  }[];
  readonly events: readonly { readonly type: string; readonly data: string }[];
}

export interface Field {
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
}

const SHAPES = {
  Account: s.account,
  Approval: s.approval,
  Chat: s.chat,
  Contact: s.contact,
  DaemonStatus: s.daemonStatus,
  Device: s.device,
  Draft: s.draft,
  ExportedMessage: s.exportedMessage,
  Hello: s.hello,
  Lookup: s.lookup,
  Message: s.message,
  NetStatus: s.netStatus,
  Notice: s.notice,
  Path: s.path,
  Policy: s.policy,
  Presence: s.presence,
  Privacy: s.privacy,
  Road: s.road,
  Safety: s.safety,
  Settings: s.settings,
  SignIn: s.signIn,
  Status: s.status,
} as const satisfies Record<string, z.ZodObject>;

/** Made from the table that the daemon itself checks by, so that it cannot say anything else. */
export function apiReference(): ApiReference {
  return {
    shapes: Object.entries(SHAPES).map(([name, shape]) => ({ name, fields: fieldsOf(shape, 'output', name) })),
    methods: Object.entries(RPC_TABLE).map(([name, { params, result }]) => ({
      name,
      params: fieldsOf(params, 'input'),
      result: typeText(jsonSchemaOf(result, 'output')),
    })),
    events: s.event.options.map((option) => ({
      type: option.shape.type.value,
      data: typeText(jsonSchemaOf(option.shape.data, 'output')),
    })),
  };
}

function fieldsOf(schema: z.ZodType, io: 'input' | 'output', itself?: string): readonly Field[] {
  const { properties = {}, required = [] } = jsonSchemaOf(schema, io, itself);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    optional: !required.includes(name),
    type: typeText(property as JsonSchema),
  }));
}

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** @param itself the shape that is told, whose own name would say nothing */
function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output', itself?: string): JsonSchema {
  const names = z.registry<{ id: string }>();
  for (const [id, shape] of Object.entries(SHAPES)) if (id !== itself) names.add(shape, { id });
  return z.toJSONSchema(schema, { metadata: names, io, unrepresentable: 'any' });
}

function typeText(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? 'unknown';
  if (schema.const !== undefined) return quoted(schema.const);
  if (schema.enum) return schema.enum.map(quoted).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((choice) => typeText(choice as JsonSchema)).join(' | ');
  // A list of types that JSON Schema allows; zod's own types name one only.
  if (Array.isArray(schema.type)) return schema.type.join(' | ');
  switch (schema.type) {
    case 'array':
      return listText(schema);
    case 'object':
      return objectText(schema);
    case 'integer':
      return `integer${rangeText(schema.minimum, schema.maximum)}`;
    case 'string':
      return schema.format === 'date-time' ? 'time' : `string${lengthText(schema)}`;
    default:
      return schema.type ?? 'unknown';
  }
}

function listText({ items, maxItems }: JsonSchema): string {
  const item = items === undefined || typeof items === 'boolean' ? 'unknown' : typeText(items as JsonSchema);
  const many = item.includes(' ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
  return maxItems === undefined ? many : `${many} (≤ ${maxItems})`;
}

function objectText({ properties = {}, required = [] }: JsonSchema): string {
  const fields = Object.entries(properties).map(
    ([name, property]) => `${name}${required.includes(name) ? '' : '?'}: ${typeText(property as JsonSchema)}`,
  );
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}

function rangeText(minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER): string {
  const isBounded = minimum > Number.MIN_SAFE_INTEGER || maximum < Number.MAX_SAFE_INTEGER;
  return isBounded ? ` (${minimum}…${maximum})` : '';
}

function lengthText({ maxLength }: JsonSchema): string {
  return maxLength === undefined ? '' : ` (≤ ${maxLength})`;
}

function quoted(value: unknown): string {
  return JSON.stringify(value);
}
