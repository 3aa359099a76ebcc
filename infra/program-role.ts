import { ArnPrincipal, PolicyStatement, Role, type IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { QueueConfig } from './config.ts';

export interface ProgramRoleProps {
  /** Of the workers that may take the role on for their programs. */
  readonly taskRole: IRole;
  readonly config: NonNullable<QueueConfig['programRole']>;
}

/**
 * What the programs of a queue may do in AWS. It is no part of the worker's own rights: the worker takes the role on
 * and hands its programs credentials of that role alone.
 */
export class ProgramRole extends Construct {
  readonly role: IRole;

  constructor(scope: Construct, id: string, { taskRole, config }: ProgramRoleProps) {
    super(scope, id);
    if (typeof config === 'string') {
      // Immutable: the role's owner says what it may do, and must let `taskRole` take it on.
      this.role = Role.fromRoleArn(this, 'Role', config, { mutable: false });
    } else {
      const role = new Role(this, 'Role', {
        assumedBy: new ArnPrincipal(taskRole.roleArn),
        description: 'AWS rights of the programs of a Millrace queue',
      });
      for (const { actions, resources } of config)
        role.addToPolicy(new PolicyStatement({ actions, resources }));
      this.role = role;
    }
    taskRole.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sts:AssumeRole'], resources: [this.role.roleArn] }),
    );
  }
}
