"use strict";

const language = document.documentElement.lang;

window.ui = SwaggerUIBundle({
  url: `/v1/openapi.json?lang=${language}`,
  dom_id: "#swagger-ui",
  plugins: language === "nl" ? [Dutch] : [],
  oauth2RedirectUrl: new URL("/v1/docs/oauth2-redirect.html", location).href,
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: false,
  tryItOutEnabled: true,
  requestInterceptor(request) {
    request.headers["Accept-Language"] = language;
    // Otherwise the browser answers a wrong secret with a dialog of its own.
    request.credentials = "omit";
    return request;
  },
});

const oauth = JSON.parse(document.getElementById("swagger-ui").dataset.oauth);
if (oauth) window.ui.initOAuth(oauth);

// The link to the other language leads to the operation that stands open here.
document.getElementById("other-language").addEventListener("click", ({ currentTarget }) => {
  currentTarget.hash = location.hash;
});
