import { ACCOUNT, REGION } from './ministack.ts';
import { ROOT_KEY, sendSigned } from './signed-request.ts';

/** The bootstrap's bucket denies what is not TLS, to root as well. */
export async function allowPlainHttp(endpoint: string): Promise<void> {
  const { status, text } = await sendSigned({
    url: `${endpoint}/cdk-hnb659fds-assets-${ACCOUNT}-${REGION}?policy`,
    method: 'DELETE',
    key: ROOT_KEY,
    service: 's3',
  });
  if (status >= 300) throw new Error(`the policy of the bootstrap's bucket: ${status} ${text}`);
}
