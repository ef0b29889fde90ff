"""Does a phone that boots here end with its account? One virtual phone, request by request."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from provisiond.catalog.accounts import Account, Value, account_faults, account_keys, values_in
from provisiond.catalog.build import provisioning_url
from provisiond.catalog.family import Family, allows, file_name
from provisiond.catalog.links import leads_to, targets
from provisiond.catalog.lint import lint
from provisiond.catalog.manifest import BootStep, FileRule, ModelRule
from provisiond.catalog.overrides import matches
from provisiond.catalog.structure import read_back
from provisiond.inventory.mac import Mac
from provisiond.inventory.secret import Secret, masked_tokens
from provisiond.inventory.urls import PublicUrls

_LOG_IN = re.compile(r"://[^/@]*@")
_MOST_FAULTS = 20  # a phone; what goes wrong early makes the rest wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPhone:
    """A phone of the inventory, and what it shall end with.

    `is_open` says that the URL without token yields its files: it then boots twice, first as
    from the box. `closes` says that it yields nothing any more after that. `address` is the one
    that its enrolment has seen, where there is any.
    """

    mac: Mac
    family: Family
    model: ModelRule
    agent: str | None
    token: Secret
    accounts: tuple[Account, ...]
    is_open: bool
    closes: bool = True
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request as the phone means it: `name` is below the server's URL of this `scheme`; with
    `password`, empty where there is none, it logs in as `user`."""

    scheme: str
    name: str
    agent: str | None
    address: str | None
    user: str = ""
    password: Secret = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came: an HTTP status (TFTP's “not found” is 404; 0: nothing came), and why if known.

    `content_type` is None where the transport has none.
    """

    status: int
    body: bytes = b""
    content_type: str | None = None
    reason: str = ""


class Wire(Protocol):
    """How the phones reach a server."""

    async def ask(self, ask: Ask) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a phone fared: `faults` in words, without secrets.

    `asked` is each name with the answer wanted, as it can be asked again: what has closed the
    enrolment leaves out the boot before that.
    """

    phone: VirtualPhone
    requests: int
    faults: tuple[str, ...]
    asked: tuple[tuple[str, int], ...]


async def boot(phone: VirtualPhone, wire: Wire, urls: PublicUrls, *, real: bool) -> Outcome:
    """Switch a phone on: from the box where its enrolment is open, then with its own URL.

    `real` says that what it asks counts: the URL without token must yield nothing afterwards, and
    where phones log in, nothing without a log-in.
    """
    power = _Power(phone, wire, urls)
    own = f"p/{phone.token.reveal()}/"
    began = 0
    if phone.is_open:
        await power.on("", with_optional=True)
        began = len(power.asked) if real else 0
    await power.on(own, with_optional=not phone.is_open)
    asked = tuple(power.asked[began:])
    if real and phone.is_open and phone.closes:
        await power.must_be_closed()
    if real and urls.passwords:
        await power.must_be_locked()
    return Outcome(
        phone=phone,
        requests=power.requests,
        faults=tuple(dict.fromkeys(power.faults))[:_MOST_FAULTS],
        asked=asked,
    )


@dataclass(slots=True)
class _Power:
    """A phone while it boots. `told` is what it keeps over boots; `said` and `got` are what this
    boot gave, and the names it asked for."""

    phone: VirtualPhone
    wire: Wire
    urls: PublicUrls
    told: dict[str, str] = field(default_factory=dict)
    said: dict[str, Value] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)
    requests: int = 0
    got: set[str] = field(default_factory=set)
    read: dict[str, tuple[bytes, dict[str, Value]]] = field(default_factory=dict)

    async def on(self, base: str, *, with_optional: bool) -> None:
        """One boot below `base`; whatever is wrong is added to `faults`."""
        self.said, self.got = {}, set()
        manifest, model = self.phone.family.manifest, self.phone.model
        if base:
            await self._begin_at_own_url()
        for step in manifest.boot:
            rule = self.phone.family.rule(step.file)
            if not allows(rule, model) or (step.optional and not with_optional):
                continue
            name = self._place(step, rule, base)
            if name is not None and name not in self.got:
                await self._fetch(rule, step.expect, name)
        keys = account_keys(manifest, model)
        if keys is None:
            self.faults.append("the manifest does not say where accounts stand ([[account_keys]])")
        else:
            self.faults += account_faults(keys, self.said, self.phone.accounts, model.accounts)
        self._check_own_url()

    async def _begin_at_own_url(self) -> None:
        """Where the provisioning URL names a file, that one comes first."""
        phone, wanted = self.phone, self.phone.family.manifest.provisioning_url
        if wanted.form != "full":
            return
        base = f"{self._best()}p/{phone.token.reveal()}/"
        url = self.told.get(wanted.key) or provisioning_url(phone.family.manifest, base)
        for target in targets(phone.family.manifest, phone.model, phone.mac, url, self.told):
            name = self._below(target, "")
            for compiled in phone.family.rules if name is not None else ():
                served = compiled.rule.template is not None and allows(compiled.rule, phone.model)
                if served and name is not None and leads_to(compiled.pattern, name):
                    await self._fetch(compiled.rule, 200, name)
                    return
        self.faults.append(f"{wanted.key!r} leads to no file of the family")

    async def must_be_closed(self) -> None:
        """What the enrolment was for is done: without its token the phone gets nothing."""
        for rule in self.phone.family.rules_for(self.phone.model):
            if rule.proves_current:
                answer = await self._ask(self._name(rule), 404)
                if answer.status != 404:
                    self.faults.append(
                        f"{rule.id}: the enrolment is still open after a fetch with the token "
                        f"({answer.status})"
                    )

    async def must_be_locked(self) -> None:
        """Who does not log in gets nothing, whatever the name."""
        for base in ("", f"p/{self.phone.token.reveal()}/"):
            for rule in self.phone.family.rules_for(self.phone.model):
                if rule.proves_current:
                    answer = await self._ask(base + self._name(rule), 401, logs_in=False)
                    if answer.status not in (401, 404):  # TFTP has no log-in, and no 401
                        self.faults.append(f"{rule.id}: {answer.status} without a log-in")

    async def _fetch(self, rule: FileRule, expect: int, name: str) -> None:
        self.got.add(name)
        answer = await self._ask(name, expect)
        if answer.status != expect:
            why = f": {masked_tokens(answer.reason)}" if answer.reason else ""
            came = answer.status or "no answer"
            self.faults.append(f"{rule.id}: {came} in place of {expect}{why}")
        elif expect == 200:
            self._read(rule, answer)

    def _read(self, rule: FileRule, answer: Answer) -> None:
        if answer.content_type is not None and answer.content_type != rule.content_type:
            self.faults.append(
                f"{rule.id}: the Content-Type is {answer.content_type!r}, not {rule.content_type!r}"
            )
        if self.read.get(rule.id, (b"",))[0] != answer.body:  # most often it is the same again
            assignments, findings = read_back(answer.body, rule)
            for finding in (*findings, *lint(answer.body, rule)):
                line = f", line {finding.line}" if finding.line is not None else ""
                self.faults.append(f"{rule.id}{line}: {finding.message}")
            self.read[rule.id] = answer.body, values_in(assignments, rule)
        values = self.read.get(rule.id, (b"", {}))[1]
        self.said |= values
        self.told |= {
            key: "" if value.text == rule.empty else value.text for key, value in values.items()
        }

    async def _ask(self, name: str, expect: int, *, logs_in: bool = True) -> Answer:
        self.requests += 1
        self.asked.append((name, expect))
        phone = self.phone
        ask = Ask(
            scheme=self._best().partition(":")[0],
            name=name,
            agent=phone.agent,
            address=phone.address,
            user=phone.mac.text,
            password=self.urls.password(phone.token) if logs_in else Secret(""),
        )
        return await self.wire.ask(ask)

    def _best(self) -> str:
        schemes = self.phone.model.schemes or self.phone.family.manifest.provisioning_url.schemes
        return self.urls.best(schemes)

    def _name(self, rule: FileRule) -> str:
        return file_name(rule, self.phone.model, self.phone.mac)

    def _place(self, step: BootStep, rule: FileRule, base: str) -> str | None:
        """Under which name this step's file is asked for; None where it is not."""
        if step.link:
            return self._linked(step, base)
        if not step.link_base:
            return base + self._name(rule)
        folder = self.told.get(step.link_base, "")
        if folder:
            name = self._below(folder.rstrip("/") + "/" + self._name(rule), base)
            if name is None:
                self.faults.append(f"{step.file}: {step.link_base!r} leads elsewhere")
            return name
        if not step.optional:
            self.faults.append(f"{step.file}: no file before it says {step.link_base!r}")
        return None

    def _linked(self, step: BootStep, base: str) -> str | None:
        """The name that an earlier file gives for this step's; None where the phone has none."""
        phone = self.phone
        pattern = next(r.pattern for r in phone.family.rules if r.rule.id == step.file)
        for value in self._values(step.link):
            for target in targets(phone.family.manifest, phone.model, phone.mac, value, self.told):
                if step.link_base and "://" not in target:
                    target = self.told.get(step.link_base, "") + target
                name = self._below(target, base)
                if name is None:
                    self.faults.append(f"{step.file}: its link {step.link!r} leads elsewhere")
                    return None
                if leads_to(pattern, name):
                    return name
            if value:
                self.faults.append(f"{step.file}: its link {step.link!r} is to another file")
                return None
        if not step.optional:
            self.faults.append(f"{step.file}: no file before it says {step.link!r}")
        return None

    def _values(self, key: str) -> list[str]:
        if "{}" not in key and "*" not in key:
            return [self.told[key]] if key in self.told else []
        return [value for told, value in self.told.items() if matches(told, (key,))]

    def _below(self, target: str, base: str) -> str | None:
        """A link, with or without its scheme, as a name below the server's URL; a mere name is
        below `base`. None where it leads to another server. A log-in in it is left out."""
        target = _LOG_IN.sub("://", target)
        for url in self._public():
            for place in (url, url.partition("://")[2]):
                if target.startswith(place):
                    return target[len(place) :]
        return None if "://" in target else base + target.lstrip("/")

    def _public(self) -> Iterator[str]:
        for url in (self.urls.https, self.urls.http, self.urls.tftp):
            if url:
                yield url.rstrip("/") + "/"

    def _check_own_url(self) -> None:
        """Whether the URL that the file makes the phone ask next is its own, with its token."""
        phone, wanted = self.phone, self.phone.family.manifest.provisioning_url
        value = self.told.get(wanted.key, "")
        own = f"p/{phone.token.reveal()}/"
        words = targets(phone.family.manifest, phone.model, phone.mac, value, self.told)
        for word in words:
            for url in self._public():
                place = url if wanted.form != "bare" else url.partition("://")[2]
                if f"{word}/".startswith(place + own):
                    return
        self.faults.append(f"{wanted.key!r} does not send the phone to its own URL")
