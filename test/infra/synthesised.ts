import { App, CfnElement, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Millrace, type MillraceProps } from '../../infra/millrace.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
}

/** A stack with one `Millrace`, as a template; nothing is bundled and no image is built. */
export interface Synthesised {
  readonly millrace: Millrace;
  readonly template: Template;
  /** By the path of its construct below `Millrace`. */
  resource(path: string): Resource;
  /** Those of a type, by their paths. */
  ofType(type: string): Map<string, Resource>;
  /** The path of what a logical id stands for. */
  pathOf(logicalId: string): string;
}

const outdirs: string[] = [];
afterAll(() => {
  for (const outdir of outdirs) rmSync(outdir, { recursive: true, force: true });
});

/** @param extend adds to the stack what an app would */
export function synthesise(
  props: MillraceProps = {},
  stackName = 'Millrace',
  extend?: (millrace: Millrace, stack: Stack) => void,
): Synthesised {
  const outdir = mkdtempSync(join(tmpdir(), 'millrace-infra-'));
  outdirs.push(outdir);
  const app = new App({
    outdir,
    context: { 'aws:cdk:bundling-stacks': [], '@aws-cdk/aws-iam:minimizePolicies': true },
  });
  const stack = new Stack(app, stackName);
  const millrace = new Millrace(stack, 'Millrace', { workerImage: 'registry.example/worker', ...props });
  extend?.(millrace, stack);
  const template = Template.fromStack(stack);
  const { Resources: resources } = template.toJSON() as { Resources: Record<string, Resource> };
  const paths = new Map<string, string>();
  for (const construct of millrace.node.findAll()) {
    if (!CfnElement.isCfnElement(construct)) continue;
    const path = construct.node.path.slice(`${millrace.node.path}/`.length).replace(/\/Resource$/, '');
    paths.set(String(stack.resolve(construct.logicalId)), path);
  }
  const byPath = new Map(
    Object.entries(resources).map(([id, resource]) => [paths.get(id) ?? id, resource] as const),
  );
  return {
    millrace,
    template,
    resource(path) {
      const resource = byPath.get(path);
      if (resource) return resource;
      throw new Error(`no resource at ${path}; there are: ${[...byPath.keys()].join(', ')}`);
    },
    ofType: (type) => new Map([...byPath].filter(([, resource]) => resource.Type === type)),
    pathOf: (logicalId) => paths.get(logicalId) ?? logicalId,
  };
}
