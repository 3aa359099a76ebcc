/**
 * The layers of docs/architecture.md: imports run one way,
 * core <- aws, api, worker, client <- cli, local; nothing imports an entry (a `main.ts`); no cycles.
 */
const only = (folder, allowed) => ({
  name: `${folder}-imports`,
  comment: `src/${folder} may import from itself and: ${allowed.join(', ') || 'nothing else of ours'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^(src|test|bench|scripts|bin|functions|infra)/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
});

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
      comment: 'src/aws is the only folder that imports the AWS SDK',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/aws/' },
      to: { path: '^node_modules/@(aws-sdk|aws-crypto|smithy)/' },
    },
    {
      name: 'no-entry-imports',
      comment: 'an entry is started, never imported',
      severity: 'error',
      from: { path: '^(src|test|bench)/' },
      to: { path: '(^|/)[a-z-]*main\\.ts$' },
    },
    only('core', []),
    only('aws', ['core']),
    only('api', ['core']),
    only('worker', ['core']),
    only('client', ['core']),
    only('local', ['core', 'aws', 'api', 'worker']),
    only('cli', ['core', 'aws', 'worker', 'client', 'local']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
