import { AssetHashType, DockerImage, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { createRequire } from 'node:module';
import { BUNDLE_FUNCTION, functionBundle, IS_CHECKOUT, ROOT, type FunctionName } from './code-paths.ts';

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

/** A Lambda function, bundled with all that it imports, whose role may write its own log and nothing else yet. */
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
    this.function = new Function(this, 'Function', {
      description: `Millrace: ${props.description}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64, // a fifth cheaper than x86
      handler: 'main.handler',
      code: IS_CHECKOUT ? bundledCode(props.name) : Code.fromAsset(functionBundle(props.name)),
      memorySize: props.memoryMiB,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: { ...props.environment },
      role: this.role,
      logGroup: this.logGroup,
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
    });
  }
}

/** Bundled at synth by the local esbuild, without Docker. */
function bundledCode(name: FunctionName): Code {
  // By path: it is not ours to import.
  const { bundleFunction } = createRequire(import.meta.url)(BUNDLE_FUNCTION) as {
    bundleFunction: (name: string, outDir: string) => void;
  };
  return Code.fromAsset(ROOT, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('none'), // asked for by the type, and never used
      command: [name], // tells the bundles of one folder apart
      local: {
        tryBundle(outDir) {
          bundleFunction(name, outDir);
          return true;
        },
      },
    },
  });
}
