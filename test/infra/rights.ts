import type { Synthesised } from './synthesised.ts';

/** A small reading of IAM: what the template's policies let a role do. Deny statements are not used, and refused. */

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

/** What a request says of itself, for conditions. */
export type RequestContext = Readonly<Record<string, string | readonly string[]>>;

export interface Rights {
  allows(action: string, resource: string, context?: RequestContext): boolean;
  /** All that it may do, to be listed: `action` on `resource`. */
  readonly list: readonly string[];
}

const ACCOUNT = '111122223333';
const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-west-1',
  'AWS::AccountId': ACCOUNT,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** Values of a template → texts, references as `<path>` or `<path.Attribute>`. */
export function resolveText(synthesised: Synthesised, value: unknown): string {
  if (typeof value === 'string') return value;
  const [[kind, of] = ['', undefined]] = Object.entries(value as Record<string, unknown>);
  if (kind === 'Ref') return PSEUDO[String(of)] ?? `<${synthesised.pathOf(String(of))}>`;
  if (kind === 'Fn::GetAtt') {
    const [id, attribute] = of as [string, string];
    return `<${synthesised.pathOf(id)}.${attribute}>`;
  }
  if (kind === 'Fn::Join') {
    const [separator, parts] = of as [string, unknown[]];
    return parts.map((part) => resolveText(synthesised, part)).join(separator);
  }
  throw new Error(`cannot resolve ${JSON.stringify(value)}`);
}

/** @param path of the role's construct */
export function rightsOf(synthesised: Synthesised, path: string): Rights {
  const role = synthesised.resource(path);
  const managed = role.Properties['ManagedPolicyArns'];
  if (managed !== undefined) throw new Error(`${path} has managed policies, which this does not read`);
  const statements = [...synthesised.ofType('AWS::IAM::Policy').values()]
    .filter(({ Properties: { Roles: roles } }) =>
      (roles as unknown[]).some((ref) => resolveText(synthesised, ref) === `<${path}>`),
    )
    .flatMap(
      ({ Properties: { PolicyDocument: document } }) => (document as { Statement: Statement[] }).Statement,
    )
    .map((statement) => {
      if (statement.Effect !== 'Allow') throw new Error(`${path}: only Allow is read`);
      return {
        actions: [statement.Action].flat(),
        resources: [statement.Resource].flat().map((resource) => resolveText(synthesised, resource)),
        condition: statement.Condition ?? {},
      };
    });
  return {
    allows: (action, resource, context = {}) =>
      statements.some(
        ({ actions, resources, condition }) =>
          actions.some((pattern) => isLike(action, pattern)) &&
          resources.some((pattern) => isLike(resource, pattern)) &&
          isMet(synthesised, condition, context),
      ),
    list: statements
      .flatMap(({ actions, resources }) => actions.flatMap((a) => resources.map((r) => `${a} on ${r}`)))
      .sort(),
  };
}

/** `*` stands for any characters, slashes too. */
function isLike(text: string, pattern: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`).test(text);
}

function isMet(
  synthesised: Synthesised,
  condition: Record<string, Record<string, unknown>>,
  context: RequestContext,
): boolean {
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const patterns = [wanted].flat().map((pattern) => resolveText(synthesised, pattern));
      const values = context[key] === undefined ? [] : [context[key]].flat();
      const isWanted = (value: string) => patterns.some((pattern) => isLike(value, pattern));
      if (operator === 'ForAllValues:StringLike') return values.every(isWanted); // also when there are none, as in AWS
      if (operator === 'StringEquals' || operator === 'ArnEquals')
        return values.length > 0 && values.every(isWanted);
      throw new Error(`the condition ${operator} is not read`);
    }),
  );
}
