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
      dashboardName: Stack.of(this).stackName,
      defaultInterval: Duration.hours(3), // a load and its end fit in
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 2 * WIDTH, height: 3 })],
        [
          graph('Messages', [...queues.map(waitingMessages), ...queues.map(heldMessages)]),
          graph('Oldest message (s)', queues.map(oldestMessage)),
        ],
        [
          graph(
            'FAILED tasks',
            queues.map(({ name }) => failedTasks(this, name)),
          ),
          graph('Dead letters', queues.map(deadLetters)),
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

function graph(title: string, left: Metric[]): GraphWidget {
  return new GraphWidget({ title, left, width: WIDTH });
}
