// Reads a calendar from standard input with ical.js and tells, as JSON, what it makes of it.
import { readFileSync } from "node:fs";

import ICAL from "../../../tools/node_modules/ical.js/dist/ical.js";

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
if (calendar.name !== "vcalendar") throw new Error(`no calendar but a ${calendar.name}`);

// The zone as the calendar itself tells it, not as ical.js or this machine knows it.
const zones = new Map(
  calendar.getAllSubcomponents("vtimezone").map((one) => {
    const zone = new ICAL.Timezone(one);
    return [zone.tzid, zone];
  }),
);

function moment(event, name) {
  const property = event.getFirstProperty(name);
  const time = property.getFirstValue();
  const zone = property.getParameter("tzid");
  const local = time.toString();
  if (!zone) return { local, zone: null, utc: time.toJSDate().toISOString() };
  time.zone = zones.get(zone);
  return { local, zone, utc: new Date(time.toUnixTime() * 1000).toISOString() };
}

const events = calendar.getAllSubcomponents("vevent").map((event) => {
  const value = (name) => event.getFirstPropertyValue(name);
  return {
    uid: value("uid"),
    sequence: value("sequence"),
    status: value("status"),
    summary: value("summary"),
    location: value("location"),
    description: value("description"),
    categories: event.getFirstProperty("categories")?.getValues() ?? [],
    url: value("url"),
    conference: value("conference"),
    start: moment(event, "dtstart"),
    end: moment(event, "dtend"),
    stamp: value("dtstamp").toString(),
    modified: value("last-modified").toString(),
  };
});
const refresh = calendar.getFirstPropertyValue("refresh-interval");
console.log(
  JSON.stringify({
    name: calendar.getFirstPropertyValue("name"),
    refresh: refresh.toSeconds(),
    zones: [...zones.keys()],
    events,
  }),
);
