// A partner's system in TypeScript: three teachers, from the token to the returned form.
import createClient from "openapi-fetch";

import type { paths, Problem, RegistrationCreate } from "./register.ts";

const { API = "http://127.0.0.1:8000", ID = "", SECRET = "" } = process.env;
// Of answers that are a page for browsers too, the data.
const api = createClient<paths, `application/${string}`>({ baseUrl: `${API}/v1` });

/** What the answer holds; any problem that was not reckoned with ends the program. */
function held<Data>(answer: { data?: Data; error?: Problem }): Data {
  if (answer.data === undefined) throw new Error(`${answer.error?.title}: ${answer.error?.detail}`);
  return answer.data;
}

const { access_token } = held(
  await api.POST("/oauth/token", {
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: { grant_type: "client_credentials", client_id: ID, client_secret: SECRET },
  }),
);
api.use({ onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${access_token}`) });

// Register. A refusal has a type too: `errors` names every fault at once.
async function register(familyName: string, email: string) {
  const body: RegistrationCreate = {
    edition: "noord-midden-2021",
    applicant: { familyName, email },
    school: { name: "De Vlinder", city: "Lelystad" },
  };
  const { data, error } = await api.POST("/registrations", { body });
  if (data) return data;
  console.log(familyName, "is refused:", error.title, error.errors?.map((fault) => fault.pointer));
}

const made = await register("Suharto", "suharto@vlinder.example");
await register("El Amrani", "amrani@vlinder.example");
await register("’t Hooft", "daan");
if (!made) throw new Error("Nobody is registered");
console.log(made.applicant.familyName, "is", made.status);

// Read it back, and change what has not changed since: If-Match.
const params = { path: { registrationId: made.id } };
const { response } = await api.GET("/registrations/{registrationId}", { params });
const change = (position: string) =>
  api.PATCH("/registrations/{registrationId}", {
    params: { ...params, header: { "If-Match": response.headers.get("ETag") ?? "" } },
    body: { position },
  });
console.log("position:", held(await change("teamleider")).position);
console.log("once more:", (await change("directeur")).error?.title);

// The teacher returns the form; whoever has the link's token needs no other.
const token = made.enrolmentForm?.token;
if (!token) throw new Error("The form has no link");
const form = held(await api.GET("/enrolment-forms/{token}", { params: { path: { token } } }));
console.log(form.applicantName, "returns the form for", form.editionTitle);
await api.PUT("/enrolment-forms/{token}", {
  params: { path: { token } },
  body: {
    learningQuestion: "Hoe maak ik een doorlopende leerlijn?",
    workSituation: "Docent beeldend, 0,8 fte.",
    consent: true,
  },
}).then(held);

// List, page by page.
let cursor: string | undefined;
do {
  const query = { q: "vlinder", sort: "familyName" as const, limit: 1, cursor };
  const page = held(await api.GET("/registrations", { params: { query } }));
  for (const one of page.items) console.log(one.applicant.familyName, "is", one.status);
  cursor = page.nextCursor ?? undefined;
} while (cursor);
