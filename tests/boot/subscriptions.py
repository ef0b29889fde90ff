"""How phones of five vendors look for their provisioning, as they were captured."""

MAC = "001565aabb01"
"""The MAC in each of them, but for those that name none."""

NAMELESS = ("audiocodes",)
"""Those that say nothing of who asks."""

SUBSCRIBES: dict[str, bytes] = {
    # No branch, the phone's own domain, two-part quoting of the event's parameters.
    "snom": b"""SUBSCRIBE sip:MAC%3a001565AABB01@intern.example.test SIP/2.0
Via: SIP/2.0/UDP {source};rport
From: <sip:MAC%3a001565AABB01@intern.example.test>;tag=1mfb1k
To: <sip:MAC%3a001565AABB01@intern.example.test>
Call-ID: 3c2670snom
CSeq: 1 SUBSCRIBE
Event: ua-profile;profile-type="device";vendor="snom";model="snomD120";version="10.1.39.11"
Expires: 0
Accept: application/url
Contact: <sip:{source}>
Content-Length: 0

""",
    # No sign between MAC and digits; compact headers and bare line feeds on top.
    "yealink": b"""SUBSCRIBE sip:MAC001565aabb01@224.0.1.75 SIP/2.0
v: SIP/2.0/UDP {source};branch=z9hG4bK1
f: <sip:MAC001565aabb01@224.0.1.75>;tag=42
t: <sip:MAC001565aabb01@224.0.1.75>
i: 1yealink
CSeq: 1 SUBSCRIBE
m: <sip:MAC001565aabb01@{source}>
o: ua-profile;profile-type="device";vendor="Yealink";model="T46U";version="108.86.0.20"
User-Agent: Yealink SIP-T46U 108.86.0.20 00:15:65:aa:bb:01
l: 0

""",
    "grandstream": b"""SUBSCRIBE sip:MAC%3A001565AABB01@224.0.1.75 SIP/2.0
Via: SIP/2.0/UDP {source};branch=z9hG4bK2077;rport
From: <sip:MAC%3A001565AABB01@224.0.1.75>;tag=2077
To: <sip:MAC%3A001565AABB01@224.0.1.75>
Call-ID: 2077grandstream
CSeq: 20000 SUBSCRIBE
Contact: <sip:{source}>
Event: ua-profile;profile-type="device";vendor="Grandstream";model="GRP2612W";version="1.0.5.67"
Supported: replaces, path
Expires: 0
Content-Length: 0

""",
    # A DECT base: its own account in From, the MAC in To.
    "dect": b"""SUBSCRIBE sip:224.0.1.75 SIP/2.0
Via: SIP/2.0/UDP {source};branch=z9hG4bKd
From: sip:512@{source};tag=d
To: <sip:MAC%3a001565aabb01@224.0.1.75>
Call-ID: dect
CSeq: 20264 SUBSCRIBE
Event: ua-profile;profile-type="device";vendor="snom";model="snomM700";version="03.23.0005"
Contact: <sip:512@{source}>
User-Agent: snomM700/03.23.0005 (MAC=001565AABB01; SER=00000; HW=255)
Content-Length: 0

""",
    # "MAC=", and no blank behind a colon.
    "planet": b"""SUBSCRIBE sip:224.0.1.75:5060 SIP/2.0
Via:SIP/2.0/UDP {source};branch=z9hG4bKp
From:<sip:MAC=001565aabb01@224.0.1.75>;tag=p
To:<sip:MAC=001565aabb01@224.0.1.75>
Call-ID:planet
CSeq:1 SUBSCRIBE
Event:ua-profile;profile-type="device";vendor="PLANET";model="VIP-1000";version="1"
Contact:<sip:{source}>
Content-Length:0

""",
    # No MAC, no vendor, a profile of another type; the group in Request-URI and To.
    "audiocodes": b"""SUBSCRIBE sip:224.0.1.75:5060 SIP/2.0
From: <sip:00000001@{source}>;tag=87a5a8-25020d0a-13c4-50029-386d4398-66dc40c-386d4398
To: <sip:224.0.1.75:5060>
Call-ID: 8884c8-25020d0a-13c4-50029-386d4398-audiocodes
CSeq: 1 SUBSCRIBE
Via: SIP/2.0/UDP {source};rport;branch=z9hG4bK-386d4398-6ad00ca2-7ca3606e
Expires: 0
Event: ua-profile;profile-type="application";model="440HD";version="2.2.2"
Max-Forwards: 70
Supported: replaces,100rel
Accept: application/url
Contact: <sip:00000001@{source}>
User-Agent: AUDC-IPPhone/2.2.2
Content-Length: 0

""",
}


def subscribe(name: str, source: str = "192.0.2.5:5059") -> bytes:
    """One of them from this address and port; line ends are CR LF but for the one that has LF."""
    text = SUBSCRIBES[name].replace(b"{source}", source.encode())
    return text if name == "yealink" else text.replace(b"\n", b"\r\n")
