import { sendSigned, ROOT_KEY, type AwsKey } from './signed-request.ts';

/** One thing that a user is allowed. */
export interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

/** Makes an IAM user of the emulated AWS with these rights and no others. @returns its key */
export async function makeIamUser(
  endpoint: string,
  name: string,
  statements: readonly Statement[],
): Promise<AwsKey> {
  await callIam(endpoint, { Action: 'CreateUser', UserName: name });
  if (statements.length > 0) await putUserPolicy(endpoint, name, 'test', toPolicy(statements));
  const xml = await callIam(endpoint, { Action: 'CreateAccessKey', UserName: name });
  return { accessKeyId: element(xml, 'AccessKeyId'), secretAccessKey: element(xml, 'SecretAccessKey') };
}

/** Sets a policy of a user, given as JSON. */
export async function putUserPolicy(
  endpoint: string,
  user: string,
  PolicyName: string,
  PolicyDocument: string,
) {
  await callIam(endpoint, { Action: 'PutUserPolicy', UserName: user, PolicyName, PolicyDocument });
}

/** Sets a policy of a role, given as JSON, under a name of the test's own. */
export async function putRolePolicy(
  endpoint: string,
  role: string,
  PolicyName: string,
  PolicyDocument: string,
) {
  await callIam(endpoint, { Action: 'PutRolePolicy', RoleName: role, PolicyName, PolicyDocument });
}

/** The inline policies of a role, as JSON. */
export async function rolePolicies(endpoint: string, role: string): Promise<string[]> {
  const names = elements(await callIam(endpoint, { Action: 'ListRolePolicies', RoleName: role }), 'member');
  const policies = names.map(async (PolicyName) => {
    const xml = await callIam(endpoint, { Action: 'GetRolePolicy', RoleName: role, PolicyName });
    return decodeURIComponent(element(xml, 'PolicyDocument'));
  });
  return Promise.all(policies);
}

/** Takes the rights of a role away, as far as they are its own. */
export async function deleteRolePolicies(endpoint: string, role: string): Promise<void> {
  const names = elements(await callIam(endpoint, { Action: 'ListRolePolicies', RoleName: role }), 'member');
  for (const PolicyName of names) {
    await callIam(endpoint, { Action: 'DeleteRolePolicy', RoleName: role, PolicyName });
  }
}

/** One call of IAM's query protocol. @returns the XML of the answer */
export async function callIam(endpoint: string, parameters: Record<string, string>): Promise<string> {
  const { status, text } = await sendSigned({
    url: `${endpoint}/`,
    method: 'POST',
    key: ROOT_KEY,
    service: 'iam',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...parameters, Version: '2010-05-08' }).toString(),
  });
  if (status !== 200) throw new Error(`IAM ${parameters['Action']} answered ${status}: ${text}`);
  return text;
}

/** Statements → the JSON of a policy that allows them. */
export function toPolicy(statements: readonly Statement[]): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
  });
}

/** The texts of an element of IAM's answer. */
function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) => match[1] ?? '');
}

function element(xml: string, name: string): string {
  const [text] = elements(xml, name);
  if (text === undefined) throw new Error(`no ${name} in ${xml}`);
  return text;
}
