import {
  GatewayVpcEndpointAwsService,
  IpAddresses,
  SecurityGroup,
  SubnetType,
  Vpc,
  type ISecurityGroup,
  type ISubnet,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

/** A network of the user's own. */
export interface ExistingNetwork {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  /** Needed in public subnets, which have no other way out. */
  readonly assignPublicIp: boolean;
}

/** Where workers run: they reach AWS and whatever their programs need, and nothing reaches them. */
export class WorkerNetwork extends Construct {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly assignPublicIp: boolean;
  readonly securityGroup: ISecurityGroup;

  constructor(scope: Construct, id: string, existing?: ExistingNetwork) {
    super(scope, id);
    const { vpc, subnets, assignPublicIp } = existing ?? this.#makePublic();
    this.vpc = vpc;
    this.subnets = subnets;
    this.assignPublicIp = assignPublicIp;
    this.securityGroup = new SecurityGroup(this, 'WorkerSecurityGroup', {
      vpc,
      description: 'Millrace workers: everything out, nothing in',
      allowAllOutbound: true, // what programs connect to is for their owner to say
    });
  }

  /** Public subnets and an address a worker: a NAT gateway would cost 32 USD a month while nothing runs. */
  #makePublic(): ExistingNetwork {
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.0.0.0/16'), // 2 × 4,091 addresses: more than an account runs tasks
      maxAzs: 2, // one zone may fail, or have no Spot capacity
      natGateways: 0,
      subnetConfiguration: [
        { name: 'Workers', subnetType: SubnetType.PUBLIC, cidrMask: 20, mapPublicIpOnLaunch: false },
      ],
      restrictDefaultSecurityGroup: false, // nothing uses it, and emptying it takes a function of its own
      // Free, and keeps the table's traffic off the internet.
      gatewayEndpoints: { Table: { service: GatewayVpcEndpointAwsService.DYNAMODB } },
    });
    // CDK's own classes do not keep to `exactOptionalPropertyTypes`.
    return { vpc: vpc as IVpc, subnets: vpc.publicSubnets, assignPublicIp: true };
  }
}
