import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function, Runtime, type FunctionProps } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { join } from 'node:path';
import {
  FUNCTION_BANNER,
  functionBundle,
  functionEntry,
  IS_CHECKOUT,
  ROOT,
  type FunctionName,
} from './code-paths.ts';

export interface BundledFunctionProps {
  readonly name: FunctionName;
  readonly description: string;
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
  /** Concurrency kept for it, which it cannot exceed either. */
  readonly reservedConcurrency?: number | undefined;
}

type FunctionDefaults = Omit<FunctionProps, 'code' | 'handler'>;

/** A Lambda function of one bundled file, the SDK with it, whose role may write its own log and nothing else yet. */
export class BundledFunction extends Construct {
  readonly function: Function;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Millrace: ${props.description}`,
    });
    this.logGroup.grantWrite(this.role);
    const common = {
      description: `Millrace: ${props.description}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64, // a fifth cheaper than x86
      memorySize: props.memoryMiB,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: { ...props.environment },
      role: this.role,
      logGroup: this.logGroup,
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
    } satisfies FunctionDefaults;
    this.function = IS_CHECKOUT
      ? this.#bundle(props.name, common)
      : new Function(this, 'Function', {
          ...common,
          handler: 'main.handler',
          code: Code.fromAsset(functionBundle(props.name)),
        });
  }

  /** Bundled at synth by the local esbuild, without Docker. */
  #bundle(name: FunctionName, common: FunctionDefaults): Function {
    return new NodejsFunction(this, 'Function', {
      ...common,
      entry: functionEntry(name),
      handler: 'handler',
      projectRoot: ROOT,
      depsLockFilePath: join(ROOT, 'package-lock.json'),
      bundling: {
        format: OutputFormat.ESM,
        mainFields: ['module', 'main'], // esbuild's own order takes CommonJS first, which fails at load in a module
        target: 'node24',
        banner: FUNCTION_BANNER,
        minify: true, // a smaller file is read and parsed sooner at a cold start
        keepNames: true, // errors are told by their names
        bundleAwsSDK: true, // the version that was tested, and no look-ups in the runtime's own
      },
    });
  }
}
