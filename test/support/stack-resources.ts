import {
  CloudFormationClient,
  GetTemplateCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { REGION } from './ministack.ts';
import { ROOT_KEY } from './signed-request.ts';

/** A resource as CloudFormation knows it, with what the template says of it. */
export interface StackResource {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Template {
  readonly Resources: Record<string, { readonly Properties?: Record<string, unknown> }>;
}

/** The resources of a deployed stack. */
export async function readStackResources(endpoint: string, StackName: string): Promise<StackResource[]> {
  const client = new CloudFormationClient({ endpoint, region: REGION, credentials: ROOT_KEY });
  try {
    const { TemplateBody = '{}' } = await client.send(new GetTemplateCommand({ StackName }));
    const { Resources } = JSON.parse(TemplateBody) as Template;
    const resources: StackResource[] = [];
    for await (const page of paginateListStackResources({ client }, { StackName })) {
      for (const {
        LogicalResourceId: logicalId = '',
        PhysicalResourceId,
        ResourceType,
      } of page.StackResourceSummaries ?? []) {
        resources.push({
          logicalId,
          physicalId: PhysicalResourceId ?? '',
          type: ResourceType ?? '',
          properties: Resources[logicalId]?.Properties ?? {},
        });
      }
    }
    return resources;
  } finally {
    client.destroy();
  }
}
