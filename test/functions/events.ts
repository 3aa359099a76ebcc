import type { ReceivedMessage } from '../../src/core/ports.ts';

/** Events as the services send them, with all their fields. */

interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** Of an HTTP API, payload format 2.0: bodies that are no text come in base64. */
export function httpEvent({ method, path, query = '', headers = {}, body }: HttpRequest) {
  const host = 'abc123.execute-api.us-east-1.amazonaws.com';
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: {
      host,
      accept: '*/*',
      'x-amzn-trace-id': 'Root=1-6745a9c4-0f1e2d3c4b5a69788796a5b4',
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
      ...headers,
    },
    ...(query !== '' && { queryStringParameters: Object.fromEntries(new URLSearchParams(query)) }),
    requestContext: {
      accountId: '123456789012',
      apiId: 'abc123',
      authorizer: {
        iam: {
          accessKey: 'AKIAEXAMPLE',
          accountId: '123456789012',
          callerId: 'AIDAEXAMPLE',
          cognitoIdentity: null,
          principalOrgId: 'aws:PrincipalOrgID',
          userArn: 'arn:aws:iam::123456789012:user/ann',
          userId: 'AIDAEXAMPLE',
        },
      },
      domainName: host,
      domainPrefix: 'abc123',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'curl/8.5.0' },
      requestId: 'BxYzAh1oIAMEPqg=',
      routeKey: '$default',
      stage: '$default',
      time: '24/Nov/2026:22:40:00 +0000',
      timeEpoch: 1_795_560_000_000,
    },
    ...(body !== undefined && {
      body: typeof body === 'string' ? body : Buffer.from(body).toString('base64'),
    }),
    isBase64Encoded: typeof body === 'object',
  };
}

/** Of the SQS event source. */
export function sqsEvent(queueName: string, messages: readonly ReceivedMessage[]) {
  return {
    Records: messages.map(({ messageId, receipt, body, version, sentAt, tenant }) => ({
      messageId,
      receiptHandle: receipt,
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: String(sentAt),
        SenderId: 'AROAEXAMPLE:millrace',
        ApproximateFirstReceiveTimestamp: String(sentAt + 1),
        DeadLetterQueueSourceArn: 'arn:aws:sqs:us-east-1:123456789012:mill-default',
        ...(tenant !== undefined && { MessageGroupId: tenant }),
      },
      messageAttributes:
        version === undefined
          ? {}
          : {
              millrace: {
                stringValue: version,
                stringListValues: [],
                binaryListValues: [],
                dataType: 'String',
              },
            },
      md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:us-east-1:123456789012:${queueName}`,
      awsRegion: 'us-east-1',
    })),
  };
}

/** Of EventBridge's scheduled rule, where its target does not replace it by `{}`. */
export const SCHEDULED_EVENT = {
  version: '0',
  id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '123456789012',
  time: '2026-11-24T22:40:00Z',
  region: 'us-east-1',
  resources: ['arn:aws:events:us-east-1:123456789012:rule/mill-EveryMinute'],
  detail: {},
};
