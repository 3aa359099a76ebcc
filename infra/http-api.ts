import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat, AccessLogField } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi as Api, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** Method and path, in the words of an IAM policy: `*` goes over slashes. */
export type ApiRight = `${'GET' | 'POST' | 'DELETE' | '*'}/${string}`;

export interface HttpApiProps {
  readonly handler: IFunction;
  readonly throttle: { readonly rate: number; readonly burst: number };
  readonly logRetention: RetentionDays;
}

/** The HTTPS front: every route, also one that does not exist, takes requests that IAM has let through and no others. */
export class HttpApi extends Construct {
  readonly api: Api;
  readonly stage: HttpStage;

  constructor(scope: Construct, id: string, { handler, throttle, logRetention }: HttpApiProps) {
    super(scope, id);
    const integration = new HttpLambdaIntegration('Integration', handler);
    this.api = new Api(this, 'Api', {
      description: 'Millrace',
      createDefaultStage: false, // made below, with throttling and a log
      defaultAuthorizer: new HttpIamAuthorizer(),
      defaultIntegration: integration, // the route $default: it answers for what is not there
    });
    // A route with the path in it, so that rights can be given by path: on $default IAM sees none.
    this.api.addRoutes({ path: '/{proxy+}', methods: [HttpMethod.ANY], integration });
    this.stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: throttle.rate, burstLimit: throttle.burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLogs', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY }),
        ),
        format: ACCESS_LOG,
      },
    });
  }

  get url(): string {
    return this.api.apiEndpoint;
  }

  /** Lets someone call what matches one of `rights`. */
  grantInvoke(grantee: IGrantable, rights: readonly ApiRight[]): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['execute-api:Invoke'],
      resourceArns: rights.map((right) =>
        Stack.of(this).formatArn({
          service: 'execute-api',
          resource: this.api.apiId,
          resourceName: `${this.stage.stageName}/${right}`,
        }),
      ),
    });
  }
}

/** Who called what, with what end; no bodies and no query strings. */
const ACCESS_LOG = AccessLogFormat.custom(
  JSON.stringify({
    requestId: AccessLogField.contextRequestId(),
    at: AccessLogField.contextRequestTime(),
    caller: '$context.identity.userArn',
    ip: AccessLogField.contextIdentitySourceIp(),
    method: AccessLogField.contextHttpMethod(),
    path: '$context.path',
    status: AccessLogField.contextStatus(),
    ms: '$context.responseLatency',
    bytes: AccessLogField.contextResponseLength(),
    error: '$context.authorizer.error',
  }),
);
