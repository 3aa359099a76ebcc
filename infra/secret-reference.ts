import * as z from 'zod';

const SECRETS_MANAGER_ARN = /^arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+(:[\w.-]+)?$/;
const SSM_ARN = /^arn:aws[\w-]*:ssm:[\w-]+:\d{12}:parameter\/[\w./-]+$/;
const SECRET_NAME = /^secret:[\w/+=.@-]+(:[\w.-]+)?$/;
const SSM_NAME = /^ssm:\/?[\w./-]+$/;

/** Where the value of a variable is kept; `key` is a field of a secret that holds JSON. */
export type SecretReference =
  | { readonly kind: 'secret-arn'; readonly arn: string; readonly key?: string }
  | { readonly kind: 'secret-name'; readonly name: string; readonly key?: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'parameter-arn'; readonly arn: string };

/** A secret as the config spells it. It is resolved when a worker starts: its value is in no template. */
export const secretReferenceSchema = z.string().transform((text, context): SecretReference => {
  const parsed = parseReference(text);
  if (parsed) return parsed;
  context.addIssue({
    code: 'custom',
    message:
      'expected secret:NAME, secret:NAME:JSON_KEY, ssm:/NAME, or the ARN of a secret or parameter' +
      ` (the value itself belongs in Secrets Manager or SSM, never here)`,
  });
  return z.NEVER;
});

function parseReference(text: string): SecretReference | undefined {
  if (SECRETS_MANAGER_ARN.test(text)) {
    const parts = text.split(':');
    const [arn, key] = [parts.slice(0, 7).join(':'), parts[7]];
    return { kind: 'secret-arn', arn, ...(key !== undefined && { key }) };
  }
  if (SSM_ARN.test(text)) return { kind: 'parameter-arn', arn: text };
  if (SECRET_NAME.test(text)) {
    const [, name = '', key] = text.split(':');
    return { kind: 'secret-name', name, ...(key !== undefined && { key }) };
  }
  if (SSM_NAME.test(text)) return { kind: 'parameter', name: text.slice('ssm:'.length) };
  return undefined;
}
