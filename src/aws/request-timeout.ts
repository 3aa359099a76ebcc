/** Of a request to SQS or DynamoDB. Short, so that a heartbeat has time for all three tries within its lease. */
export const REQUEST_TIMEOUT_MS = 8000;
