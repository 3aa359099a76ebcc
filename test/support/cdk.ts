import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { MillraceConfigInput } from '../../infra/config.ts';
import { cleanEnv } from './local-stack.ts';
import { ACCOUNT, REGION } from './ministack.ts';
import { run } from './processes.ts';
import { ROOT_KEY, type AwsKey } from './signed-request.ts';

const ROOT = join(import.meta.dirname, '../..');
const EMULATED_APP = 'test/deploy/emulated-app.ts';
const CDK = join(ROOT, 'node_modules/aws-cdk/bin/cdk');

/** Environment of whoever works with the emulated AWS: its endpoint, a key, and nothing of the machine's own. */
export function emulatedEnv(endpoint: string, key: AwsKey = ROOT_KEY) {
  return {
    ...cleanEnv(''),
    MILLRACE_DATA: undefined,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION, // what the AWS command line reads
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** What the test-only app is told. */
export interface EmulatedContext {
  readonly stack: string;
  readonly region: string;
  /** As a user's config has them. */
  readonly queues: MillraceConfigInput['queues'];
  /** Name of the worker's image. */
  readonly image: string;
  /** Of the workers in containers. */
  readonly workerKey: AwsKey;
}

/** The pinned CDK command line, run against an emulated AWS. */
export class Cdk {
  readonly #endpoint: string;
  readonly #app: string;

  /** @param app the file of an app that takes an EmulatedContext */
  constructor(endpoint: string, app = EMULATED_APP) {
    this.#endpoint = endpoint;
    this.#app = app;
  }

  async bootstrap(): Promise<void> {
    // In a folder without a cdk.json: the app that it names is of no use here.
    await inTempFolder((folder) => this.#run(['bootstrap', `aws://${ACCOUNT}/${REGION}`], folder));
  }

  /** @returns the outputs of the stack */
  async deploy(context: EmulatedContext): Promise<Record<string, string>> {
    return inTempFolder(async (folder) => {
      const file = join(folder, 'outputs.json');
      await this.#runApp('deploy', context, ['--require-approval', 'never', '--outputs-file', file]);
      const byStack = JSON.parse(await readFile(file, 'utf8')) as Record<string, Record<string, string>>;
      return byStack[context.stack] ?? {};
    });
  }

  async destroy(context: EmulatedContext): Promise<void> {
    await this.#runApp('destroy', context, ['--force']);
  }

  #runApp(verb: string, context: EmulatedContext, args: readonly string[]): Promise<string> {
    return inTempFolder((folder) => {
      const command = ['--app', `node ${this.#app}`, '--output', folder];
      return this.#run([verb, ...command, '-c', `emulated=${JSON.stringify(context)}`, ...args], ROOT);
    });
  }

  async #run(args: readonly string[], cwd: string): Promise<string> {
    const { code, stdout, stderr } = await run(process.execPath, [CDK, ...args, '--no-notices'], {
      cwd,
      env: {
        ...emulatedEnv(this.#endpoint),
        CDK_DISABLE_CLI_TELEMETRY: 'true',
        CI: 'true', // no progress bar
        // The app runs on our Node, whatever the machine has.
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      },
    });
    if (code !== 0) throw new Error(`cdk ${args.join(' ')} exited ${code}:\n${stdout}${stderr}`);
    return stdout + stderr;
  }
}

async function inTempFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-cdk-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
