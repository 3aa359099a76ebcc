import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { cleanEnv } from '../support/local-stack.ts';
import { run, start, type Started } from '../support/processes.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The package in an empty folder, installed from the tarball that npm would publish. */
export class InstalledPackage {
  readonly home: string;
  readonly tarballBytes: number;
  /** Paths in the tarball. */
  readonly files: readonly string[];

  private constructor(home: string, tarballBytes: number, files: readonly string[]) {
    this.home = home;
    this.tarballBytes = tarballBytes;
    this.files = files;
  }

  static async install(): Promise<InstalledPackage> {
    const home = await mkdtemp(join(tmpdir(), 'millrace-package-'));
    const packed = await mustRun('npm', ['pack', '--json', '--pack-destination', home], ROOT);
    const [manifest] = JSON.parse(packed.slice(packed.indexOf('[\n'))) as [
      { filename: string; files: { path: string }[] },
    ];
    const tarball = join(home, manifest.filename);
    const { size } = await stat(tarball);
    await writeFile(join(home, 'package.json'), '{ "private": true, "type": "module" }');
    await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], home);
    return new InstalledPackage(
      home,
      size,
      manifest.files.map(({ path }) => path),
    );
  }

  /** Packages that its users bring, or that only the test needs: those of the checkout. */
  async link(...names: string[]): Promise<void> {
    for (const name of names) {
      const path = join(this.home, 'node_modules', name);
      await mkdir(dirname(path), { recursive: true });
      await symlink(join(ROOT, 'node_modules', name), path);
    }
  }

  /** A program of the folder's own, run by this Node. */
  node(...args: string[]) {
    return run(process.execPath, args, this.#options());
  }

  /** The `millrace` command, as its users call it. */
  npx(...args: string[]) {
    return run('npx', ['--no-install', 'millrace', ...args], this.#options());
  }

  /** The same, in a process group of its own, as a terminal starts it: npx passes no signal on. */
  startNpx(...args: string[]): Started {
    return start('npx', ['--no-install', 'millrace', ...args], { ...this.#options(), detached: true });
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.home, name), text);
  }

  async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  #options() {
    return { cwd: this.home, env: env(join(this.home, 'data')) };
  }
}

/** This Node goes before the machine's. */
function env(data: string): NodeJS.ProcessEnv {
  const clean = cleanEnv(data);
  for (const name of Object.keys(clean)) if (/^npm_/.test(name)) delete clean[name]; // of the npm that runs the tests
  return { ...clean, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) };
}

async function mustRun(program: string, args: string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, { cwd, env: env(join(cwd, 'data')) });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited ${code}: ${stderr}`);
  return stdout;
}
