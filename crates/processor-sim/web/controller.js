// The hidden frame: calls of the API that need no card form.
"use strict";

listen({
  retrieve,
  confirm,
});
tell({ event: "ready" });
