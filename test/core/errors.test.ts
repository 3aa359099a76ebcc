import { expect, test } from 'vitest';
import { unknownTask } from '../../src/core/errors.ts';
import { memberId, stepId, workflowId } from '../../src/core/workflow-row.ts';

test('whoever gives the id of a workflow for that of a task is told which ids are meant', () => {
  const id = workflowId('k-1');
  expect(unknownTask(id)).toMatchObject({
    code: 'unknown_task',
    hint: expect.stringContaining(`millrace workflow ${id}`) as string,
  });
  for (const task of [stepId(id, 2), memberId(id, 3), 'k-1'])
    expect(unknownTask(task).message).toBe(`There is no task with the id "${task}".`);
});
