import { join } from 'node:path';
import { cached } from './cache-dir.ts';
import { installPackages, needPrograms } from './debian-packages.ts';
import { run } from './processes.ts';

const MINISTACK = 'ministack==1.5.33';
/** The AWS emulator; what it needs to run containers; the AWS command line, as a user has it. */
const PACKAGES = [MINISTACK, 'docker==7.1.0', 'awscli==1.46.3'];
const DEBIAN_PYTHON = '3.11'; // of bookworm

/**
 * A Python environment with the emulator and the AWS command line, made once (about 15 s).
 * @returns its folder of programs
 */
export async function pythonTools(): Promise<string> {
  const name = `python-${PACKAGES.join('-').replaceAll('==', '-')}`;
  const folder = await cached(name, async (path) => {
    await makeVenv(path, PACKAGES);
  });
  return join(folder, 'bin');
}

/** A Python environment. @param what of pip's `install`: packages, or `-r FILE` */
export async function makeVenv(folder: string, what: readonly string[]): Promise<void> {
  await needPrograms({ python3: 'python3' });
  const { code } = await run('python3', ['-c', 'import ensurepip, venv']);
  if (code !== 0) await installPackages(['python3-venv']);
  await mustRun('python3', ['-m', 'venv', folder]);
  await mustRun(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', ...what]);
}

/** MiniStack and what it imports, for the Python of the base image. @returns a folder for PYTHONPATH */
export async function ministackPackages(): Promise<string> {
  const python = join(await pythonTools(), 'python');
  return cached(`${MINISTACK.replace('==', '-')}-for-python-${DEBIAN_PYTHON}`, async (path) => {
    const wheels = ['--only-binary', ':all:', '--python-version', DEBIAN_PYTHON];
    await mustRun(python, ['-m', 'pip', 'install', '--quiet', ...wheels, '--target', path, MINISTACK]);
  });
}

async function mustRun(program: string, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await run(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited ${code}: ${stdout}${stderr}`);
}
