import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);

/** The app itself, as `cdk synth` runs it: bundles are made, and what cdk-nag finds ends it. No Docker is needed. */
describe('the app of cdk.json', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'millrace-app-'));
  const { app, context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { app: string; context: object };
  const synth = (settings: object) => {
    const [node = '', ...args] = app.split(' ');
    const environment = {
      PATH: process.env['PATH'],
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify(settings),
    };
    return run(node, args, { env: environment });
  };

  beforeAll(() => synth(context));
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));

  it('bundles three functions that Node can load as they are', async () => {
    const bundles = readdirSync(outdir)
      .map((name) => join(outdir, name, 'main.mjs'))
      .filter((file) => existsSync(file));
    expect(bundles).toHaveLength(3);
    const environment = {
      PATH: process.env['PATH'],
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
      MILLRACE_TABLE: 'table',
      MILLRACE_QUEUES: '[{"name":"default"}]',
      MILLRACE_QUEUE_PREFIX: 'Millrace-',
      MILLRACE_LAUNCHER_FUNCTION: 'launcher',
      MILLRACE_SCHEDULER: '{"group":"g","roleArn":"r","deadLetterArn":"d"}',
      MILLRACE_LAUNCH:
        '{"cluster":"c","subnets":[],"securityGroups":[],"assignPublicIp":true,"taskDefinitions":{"default":"f"}}',
    };
    for (const bundle of bundles) {
      const script = `import(${JSON.stringify(bundle)}).then((m) => console.log(typeof m.handler))`;
      const { stdout } = await run('node', ['-e', script], { env: environment });
      expect(stdout.trim()).toBe('function');
    }
  });

  it('refuses a setting that is none, by its name', async () => {
    await expect(synth({ millrace: { queus: [] } })).rejects.toThrow(/Unrecognized key: "queus"/);
  });
});
