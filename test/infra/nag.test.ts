import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, describe, expect, it } from 'vitest';
import { acknowledgementsOf } from '../../infra/acknowledgements.ts';
import { Millrace, type MillraceProps } from '../../infra/millrace.ts';

const outdirs: string[] = [];
afterAll(() => {
  for (const outdir of outdirs) rmSync(outdir, { recursive: true, force: true });
});

interface Violation {
  readonly ruleName: string;
  readonly violatingConstructs: readonly { readonly constructPath: string }[];
}
interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly Violation[];
  }[];
}

function makeApp(props: MillraceProps): { app: App; millrace: Millrace; outdir: string } {
  const outdir = mkdtempSync(join(tmpdir(), 'millrace-nag-'));
  outdirs.push(outdir);
  const app = new App({
    outdir,
    context: {
      'aws:cdk:bundling-stacks': [],
      '@aws-cdk/aws-iam:minimizePolicies': true,
      '@aws-cdk/core:failSynthOnValidationErrors': false, // what is found is read from the report
    },
  });
  const millrace = new Millrace(new Stack(app, 'Millrace'), 'Millrace', props);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { app, millrace, outdir };
}

/** All that cdk-nag finds: `path id`. */
function findingsIn(outdir: string): string[] {
  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as Report;
  return report.pluginReports
    .filter(({ pluginName }) => pluginName === 'AwsSolutions')
    .flatMap(({ violations }) => violations)
    .flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${toPath(constructPath)} ${ruleName}`),
    )
    .sort();
}

function toPath(constructPath: string): string {
  return constructPath.replace(/^Millrace\/Millrace\//, '').replace(/\/Resource$/, '');
}

const CONFIGS: readonly [string, MillraceProps][] = [
  ['the default config', {}],
  [
    'all that a config may have',
    {
      queues: [
        { name: 'default', minWorkers: 1, secrets: { TOKEN: 'secret:token' } },
        { name: 'reports', programRole: [{ actions: ['s3:Get*'], resources: ['arn:aws:s3:::inputs/*'] }] },
        { name: 'mails', programRole: 'arn:aws:iam::111122223333:role/Mails' },
      ],
      alarmEmail: 'ops@example.com',
      workerImage: 'registry.example/worker',
      vpc: { id: 'vpc-0a1b2c3d', subnetIds: ['subnet-0c2d3e4f'] },
    },
  ],
];

describe.each(CONFIGS)('cdk-nag, of %s', (_, props) => {
  it('finds what is acknowledged with a reason, no more and no less', () => {
    const { app, millrace, outdir } = makeApp(props);
    app.synth();
    const acknowledgements = acknowledgementsOf(millrace);
    expect(findingsIn(outdir)).toEqual(acknowledgements.map(({ path, id }) => `${path} ${id}`).sort());
    for (const { reason } of acknowledgements) expect(reason.length).toBeGreaterThan(40);
  });

  it('finds nothing once that is acknowledged', () => {
    const { app, millrace, outdir } = makeApp(props);
    millrace.acknowledgeFindings();
    app.synth();
    expect(findingsIn(outdir)).toEqual([]);
  });
});
