/**
 * The layers of docs/architecture.md: imports run one way,
 * core <- aws, api, worker, client <- cli, local, functions, worker-image; infra reads core alone, and refers to
 * the rest by path; nothing imports an entry (a `main.ts`); no cycles.
 */
const only = (folder, allowed) => ({
  name: `${folder}-imports`,
  comment: `src/${folder} may import from itself and: ${allowed.join(', ') || 'nothing else of ours'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^(src|test|bench|scripts|bin|functions|worker-image|infra)/',
    pathNot: `^src/(${[folder, ...allowed].map((part) => (part.endsWith('$') ? part : `${part}/`)).join('|')})`,
  },
});

/** Folders outside of src, which wire its parts together. */
const onlyWires = (folder, allowed) => ({
  name: `${folder}-imports`,
  comment: `${folder}/ may import from itself and of src: ${allowed.join(', ')}`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: {
    path: '^(src|test|bench|scripts|bin|functions|worker-image|infra)/',
    pathNot: [`^${folder}/`, `^src/(${allowed.join('|')})/`],
  },
});

/** Where clients of AWS are made outside of src/aws. */
const WIRINGS = ['^functions/[a-z-]+/main\\.ts$', '^worker-image/container-worker\\.ts$'];

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-imports-zod-only',
      comment: 'src/core holds pure rules: zod, and Node built-ins only for hashing and compression',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: ['^src/core/', '^node_modules/zod/', '^(node:)?(crypto|zlib)$'] },
    },
    {
      name: 'sdk-only-in-aws',
      comment: 'src/aws is the only folder that imports the AWS SDK; wirings make its clients',
      severity: 'error',
      from: { path: '^(src|functions|worker-image)/', pathNot: ['^src/aws/', ...WIRINGS] },
      to: { path: '^node_modules/@(aws-sdk|aws-crypto|smithy)/' },
    },
    {
      name: 'no-entry-imports',
      comment: 'an entry is started, never imported',
      severity: 'error',
      from: { path: '^(src|functions|worker-image|infra|test|bench)/' },
      to: { path: '(^|/)([a-z-]*main|infra/app)\\.ts$' },
    },
    only('core', []),
    only('aws', ['core']),
    only('api', ['core']),
    only('worker', ['core']),
    // What signs, and what finds a local stack, is loaded when it is needed.
    only('client', ['core', 'aws', 'local/stack-file.ts$']),
    only('local', ['core', 'aws', 'api', 'worker']),
    onlyWires('functions', ['core', 'aws', 'api']),
    onlyWires('tasks', ['core']),
    onlyWires('worker-image', ['core', 'aws', 'worker']),
    {
      name: 'infra-imports',
      comment: 'infra reads core’s definitions; it refers to other code by path, and calls AWS never',
      severity: 'error',
      from: { path: '^infra/' },
      to: {
        path: '^((src|test|bench|scripts|bin|functions|worker-image)/|node_modules/@aws-sdk/)',
        pathNot: '^src/core/',
      },
    },
    only('cli', ['core', 'aws', 'worker', 'client', 'local']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['checkout', 'import', 'node', 'default'],
    },
  },
};
