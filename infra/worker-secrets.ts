import { Secret as EcsSecret } from 'aws-cdk-lib/aws-ecs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { SecretReference } from './secret-reference.ts';

/** References → what a container is given; ECS reads the values when a worker starts. */
export function toContainerSecrets(
  scope: Construct,
  secrets: Readonly<Record<string, SecretReference>>,
): Record<string, EcsSecret> {
  return Object.fromEntries(
    Object.entries(secrets).map(([variable, reference]) => [
      variable,
      toContainerSecret(scope, `Secret${variable}`, reference),
    ]),
  );
}

function toContainerSecret(scope: Construct, id: string, reference: SecretReference): EcsSecret {
  switch (reference.kind) {
    case 'secret-arn':
      return EcsSecret.fromSecretsManager(
        Secret.fromSecretCompleteArn(scope, id, reference.arn),
        reference.key,
      );
    case 'secret-name':
      return EcsSecret.fromSecretsManager(Secret.fromSecretNameV2(scope, id, reference.name), reference.key);
    case 'parameter':
      return EcsSecret.fromSsmParameter(
        StringParameter.fromSecureStringParameterAttributes(scope, id, { parameterName: reference.name }),
      );
    case 'parameter-arn':
      // Whole: its region and account need not be the stack's.
      return EcsSecret.fromSsmParameter(StringParameter.fromStringParameterArn(scope, id, reference.arn));
  }
}
