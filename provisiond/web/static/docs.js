// The page's own part of /api/docs: show the document, and send a session's token with changes.
"use strict";
const place = document.getElementById("api");
let token = null;
async function sessionsToken() {
  if (token === null) {
    const answer = await fetch("/api/v1/me", { credentials: "same-origin" });
    token = answer.ok ? (await answer.json()).csrf_token || "" : "";
  }
  return token;
}
window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  displayOperationId: false,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  requestInterceptor: async (request) => {
    const reads = ["GET", "HEAD"].includes((request.method || "GET").toUpperCase());
    if (!reads && !request.headers.Authorization) {
      const shown = await sessionsToken();
      if (shown) request.headers["X-CSRF-Token"] = shown;
    }
    return request;
  },
  responseInterceptor: (response) => {
    if (/\/api\/v1\/log(in|out)$/.test(response.url)) token = null;
    return response;
  },
});
