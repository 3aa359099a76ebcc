import { makeSettlers } from '../../src/core/settlers.ts';
import { makeDeployedPorts } from '../deployed-ports.ts';
import { makeDeadLetterHandler } from './handler.ts';

const { ports, prefix } = makeDeployedPorts(process.env, (line) => process.stdout.write(line));

export const handler = makeDeadLetterHandler({ ports, prefix, settlerOf: makeSettlers(ports) });
