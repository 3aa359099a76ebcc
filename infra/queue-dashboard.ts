import { Duration, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type Alarm,
  type Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { deadLetters, failedTasks, heldMessages, oldestMessage, waitingMessages, PERIOD } from './metrics.ts';
import type { TaskQueue } from './task-queue.ts';

const WIDTH = 12; // two graphs a row: a dashboard is 24 wide

export interface QueueDashboardProps {
  readonly queues: readonly TaskQueue[];
  readonly functions: Readonly<Record<string, IFunction>>;
  readonly alarms: readonly Alarm[];
}

/** One page: what is wrong, what waits, what fails. */
export class QueueDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, { queues, functions, alarms }: QueueDashboardProps) {
    super(scope, id);
    const entries = Object.entries(functions);
    this.dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: `${Stack.of(this).stackName}-${Stack.of(this).region}`, // their names are those of all regions
      defaultInterval: Duration.hours(3), // a load and its end fit in
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 2 * WIDTH, height: 3 })],
        [
          graph('Messages', [
            ...each(queues, 'waiting', waitingMessages),
            ...each(queues, 'in work', heldMessages),
          ]),
          graph('Oldest message (s)', each(queues, 'oldest', oldestMessage)),
        ],
        [
          graph(
            'FAILED tasks',
            each(queues, 'FAILED', ({ name }) => failedTasks(this, name)),
          ),
          graph('Dead letters', each(queues, 'dead', deadLetters)),
        ],
        [
          graph(
            'Function errors',
            entries.map(([label, fn]) => fn.metricErrors({ label, period: PERIOD })),
          ),
          graph(
            'Function duration (ms)',
            entries.map(([label, fn]) => fn.metricDuration({ label, period: PERIOD })),
          ),
        ],
      ],
    });
  }
}

/** Labelled here, since a label would make an alarm one of metric math, at three times the price. */
function each(queues: readonly TaskQueue[], what: string, metricOf: (queue: TaskQueue) => Metric): Metric[] {
  return queues.map((queue) => metricOf(queue).with({ label: `${queue.name}: ${what}` }));
}

function graph(title: string, left: Metric[]): GraphWidget {
  return new GraphWidget({ title, left, width: WIDTH });
}
