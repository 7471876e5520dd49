"""Several who record at once, each against what they saw: one of them wins, the others are told."""

from functools import partial

from tests.world import World


def test_of_those_who_record_what_nobody_has_one_is_first(world: World) -> None:
    made = world.participant()
    world.at("2021-10-08T09:00+02:00")
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance/{made['id']}"
    new = {"If-None-Match": "*"}
    requests = [partial(world.provider.put, path, {"minutes": n}, headers=new) for n in range(60, 66)]
    assert sorted(answer.status_code for answer in world.http.together(requests)) == [200] + [412] * 5
    assert len(world.events("attendance.recorded")) == 1
    assert world.events("attendance.corrected") == []


def test_of_those_who_correct_what_all_of_them_saw_one_is_first(world: World) -> None:
    made = world.participant()
    world.at("2021-10-08T09:00+02:00")
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance/{made['id']}"
    seen = {"If-Match": world.provider.put(path, {"minutes": 30}).headers["etag"]}
    requests = [partial(world.provider.put, path, {"minutes": n}, headers=seen) for n in range(60, 66)]
    assert sorted(answer.status_code for answer in world.http.together(requests)) == [200] + [412] * 5
    assert len(world.events("attendance.corrected")) == 1


def test_of_those_who_judge_what_all_of_them_saw_one_is_first(world: World) -> None:
    made = world.participant()
    path = f"/v1/registrations/{made['id']}/progress"
    seen = {"If-Match": world.provider.get(path).headers["etag"]}
    requests = [
        partial(
            world.provider.put, f"{path}/orientatie", {"verdict": "passed", "feedback": str(n)}, headers=seen
        )
        for n in range(6)
    ]
    assert sorted(answer.status_code for answer in world.http.together(requests)) == [200] + [412] * 5
    assert len(world.events("progress.recorded")) == 1


def test_a_verdict_is_given_on_the_phase_or_on_the_whole_as_it_was_seen(world: World) -> None:
    whole = f"/v1/registrations/{world.participant()['id']}/progress"
    for seen in (f"{whole}/orientatie", whole):
        tag = {"If-Match": world.provider.get(seen).headers["etag"]}
        for verdict, status in (("passed", 200), ("failed", 412)):
            said = world.provider.put(f"{whole}/orientatie", {"verdict": verdict}, headers=tag)
            assert said.status_code == status, (seen, said.text)
        world.provider.put(f"{whole}/orientatie", {"verdict": "open"})
