import { batchStoreContract } from './batch-store.contract.ts';
import type { UseBackend } from './backend.ts';
import { ledgerStoreContract } from './ledger-store.contract.ts';
import { messageQueueContract } from './message-queue.contract.ts';
import { queueStoreContract } from './queue-store.contract.ts';
import { taskStoreContract } from './task-store.contract.ts';
import { workflowStoreContract } from './workflow-store.contract.ts';

/** Every port that has more than one adapter. */
export function allContracts(use: UseBackend): void {
  taskStoreContract(use);
  ledgerStoreContract(use);
  batchStoreContract(use);
  workflowStoreContract(use);
  queueStoreContract(use);
  messageQueueContract(use);
}
