/** List prices of us-east-1 in USD, November 2026, without any free tier. Sources: the pricing page of each service. */
export const PRICES = {
  sqsRequest: 0.4e-6,
  dynamoWriteUnit: 0.625e-6,
  dynamoReadUnit: 0.125e-6,
  dynamoGbMonth: 0.25,
  dynamoPitrGbMonth: 0.2,
  lambdaRequest: 0.2e-6,
  lambdaGbSecond: 13.3334e-6, // ARM
  apiRequest: 1e-6,
  schedulerInvocation: 1e-6, // the first 14 million of a month are free
  fargateVcpuHour: 0.03238, // ARM
  fargateGbHour: 0.00356, // ARM
  fargateSpotFactor: 0.3, // at best: Spot takes up to 70 % off
  publicIpv4Hour: 0.005,
  logGbIngested: 0.5,
  logGbMonth: 0.03,
  alarmMonth: 0.1,
  dashboardMonth: 3,
  imageGbMonth: 0.1,
} as const;
