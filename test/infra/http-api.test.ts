import { Role, AccountPrincipal, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import type { Millrace } from '../../infra/millrace.ts';
import { synthesise } from './synthesised.ts';

describe('the HTTP API', () => {
  const stack = synthesise({ throttle: { rate: 7, burst: 9 }, apiConcurrency: 50 });

  it('asks IAM on every route, the one for what does not exist too', () => {
    const routes = [...stack.ofType('AWS::ApiGatewayV2::Route').values()];
    expect(routes.map(({ Properties: { RouteKey: key } }) => key).sort()).toEqual([
      '$default',
      'ANY /{proxy+}',
    ]);
    for (const { Properties: route } of routes) expect(route['AuthorizationType']).toBe('AWS_IAM');
  });

  it('answers no preflight of a browser', () => {
    expect(stack.resource('HttpApi/Api').Properties).not.toHaveProperty('CorsConfiguration');
  });

  it('has one stage, which is throttled and keeps an access log', () => {
    const stages = [...stack.ofType('AWS::ApiGatewayV2::Stage').values()];
    expect(stages).toHaveLength(1);
    const [stage] = stages;
    expect(stage?.Properties['DefaultRouteSettings']).toMatchObject({
      ThrottlingRateLimit: 7,
      ThrottlingBurstLimit: 9,
    });
    const { Format: format } = stage?.Properties['AccessLogSettings'] as { Format: string };
    expect(Object.keys(JSON.parse(format) as object)).toContain('caller');
    expect(format).not.toMatch(/queryString|body/i);
  });

  it('keeps as much concurrency for its function as is told, and none otherwise', () => {
    const concurrency = (of: typeof stack) =>
      of.resource('Functions/Api/Function').Properties['ReservedConcurrentExecutions'];
    expect(concurrency(stack)).toBe(50);
    expect(concurrency(synthesise())).toBeUndefined();
  });
});

describe('grants of the API', () => {
  /** Method and path of all that someone may call to whom `grant` was given. */
  const granted = (grant: (millrace: Millrace, grantee: IGrantable) => void): string[] => {
    const synthesised = synthesise({}, 'Millrace', (millrace, stack) => {
      grant(millrace, new Role(stack, 'Caller', { assumedBy: new AccountPrincipal('111122223333') }));
    });
    const policies = synthesised.template.findResources('AWS::IAM::Policy', {
      Properties: { PolicyName: Match.stringLikeRegexp('^Caller') },
    });
    const text = JSON.stringify(Object.values(policies));
    expect(text).toContain('"Action":"execute-api:Invoke"');
    return [...text.matchAll(/\/\$default\/([^"]*)/g)].map(([, right = '']) => right);
  };

  it('grantEnqueue reaches the routes that enqueue, and no others', () => {
    expect(granted((millrace, role) => millrace.grantEnqueue(role))).toEqual([
      'POST/task/*',
      'POST/v1/queues/*/batches',
      'POST/v1/queues/*/tasks',
      'POST/v1/task_list/batch/',
    ]);
  });

  it('grantRead reaches what is read', () => {
    expect(granted((millrace, role) => millrace.grantRead(role))).toEqual(['GET/*']);
  });

  it('grantOperate reaches all', () => {
    expect(granted((millrace, role) => millrace.grantOperate(role))).toEqual(['*/*']);
  });
});
