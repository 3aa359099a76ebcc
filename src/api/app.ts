import { addBatchRoutes } from './batch-routes.ts';
import { ApiApp } from './add-route.ts';
import type { ApiDeps } from './api-deps.ts';
import { addHandlerRoutes } from './handler-routes.ts';
import { addDoctorRoutes } from './doctor-routes.ts';
import { addServiceRoutes } from './service-routes.ts';
import { noSuchRoute } from './near-routes.ts';
import { presentError } from './problem.ts';
import { addQueueRoutes } from './queue-routes.ts';
import { addScheduleRoutes } from './schedule-routes.ts';
import { addTaskRoutes } from './task-routes.ts';
import { addWorkerRoutes } from './worker-routes.ts';
import { addWorkflowRoutes } from './workflow-routes.ts';

export type { ApiDeps } from './api-deps.ts';

/** The HTTP interface of Millrace over ports; it knows nothing of where it runs. */
export function makeApi(deps: ApiDeps): ApiApp {
  const { ports } = deps;
  const app = new ApiApp();
  app.use(async (c, next) => {
    const requestId = ports.newId();
    const startedAt = ports.clock();
    c.set('requestId', requestId);
    await next();
    c.res.headers.set('x-request-id', requestId);
    const { method, path } = c.req;
    const ms = ports.clock() - startedAt;
    ports.log.debug({ requestId, method, path, status: c.res.status, ms }, 'request');
  });
  app.onError((error, c) => presentError(c, error, c.get('requestId'), ports.log));
  app.notFound((c) => {
    const error = noSuchRoute(c.req.method, c.req.path, app.documented);
    return presentError(c, error, c.get('requestId'), ports.log);
  });
  addTaskRoutes(app, deps);
  addBatchRoutes(app, deps);
  addHandlerRoutes(app, deps);
  addWorkflowRoutes(app, deps);
  addQueueRoutes(app, deps);
  addWorkerRoutes(app, deps);
  addDoctorRoutes(app, deps);
  addScheduleRoutes(app, deps);
  addServiceRoutes(app, deps);
  return app;
}
