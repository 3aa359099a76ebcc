import { join } from 'node:path';
import { cached } from './cache-dir.ts';
import { run } from './processes.ts';

/** The AWS emulator; what it needs to run containers; the AWS command line, as a user has it. */
const PACKAGES = ['ministack==1.5.33', 'docker==7.1.0', 'awscli==1.46.3'];

/**
 * A Python environment with the emulator and the AWS command line, made once (about 15 s).
 * @returns its folder of programs
 */
export async function pythonTools(): Promise<string> {
  const name = `python-${PACKAGES.join('-').replaceAll('==', '-')}`;
  const folder = await cached(name, async (path) => {
    await mustRun('python3', ['-m', 'venv', path]);
    await mustRun(join(path, 'bin/python'), ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
  });
  return join(folder, 'bin');
}

async function mustRun(program: string, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await run(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited ${code}: ${stdout}${stderr}`);
}
