import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { BIN, run } from '../support/processes.ts';

describe('bin/millrace.js', () => {
  test('prints the version of the package', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await run(process.execPath, [BIN, '--version'])).toEqual({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    });
  });

  test('tells a Node that is too old what is needed, what was found, and what to do', async () => {
    const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.11.1'})`;
    const { code, stderr } = await run(process.execPath, ['--import', pretend, BIN, '--version']);
    expect(code).toBe(2);
    expect(stderr).toContain('needs Node.js 22.18 or newer; this is Node.js 20.11.1');
    expect(stderr).toContain('npm ci');
  });

  test('loads no AWS SDK for commands that speak HTTP', async () => {
    const spy = `data:text/javascript,import{registerHooks}from'node:module';registerHooks({resolve(s,c,n){const r=n(s,c);if(r.url.includes('@aws-sdk'))process.stderr.write('SDK '+r.url);return r}})`;
    const { code, stderr } = await run(process.execPath, [
      '--import',
      spy,
      BIN,
      'list',
      '--url',
      'http://127.0.0.1:9',
      '--json',
    ]);
    expect(code).toBe(7);
    expect(stderr).not.toContain('SDK');
  });
});
