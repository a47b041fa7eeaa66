import { expect, test } from "vitest";
import { makeCertificate, readCertificates } from "../../host/certificates.ts";
import { CertificateText, cipherDescription, textOfCertificate, timeText } from "../../util/certificate-text.ts";

// `openssl ciphers -v`
const DESCRIPTIONS = `
TLS_AES_256_GCM_SHA384         TLSv1.3 Kx=any      Au=any   Enc=AESGCM(256)            Mac=AEAD
TLS_CHACHA20_POLY1305_SHA256   TLSv1.3 Kx=any      Au=any   Enc=CHACHA20/POLY1305(256) Mac=AEAD
TLS_AES_128_GCM_SHA256         TLSv1.3 Kx=any      Au=any   Enc=AESGCM(128)            Mac=AEAD
ECDHE-ECDSA-AES256-GCM-SHA384  TLSv1.2 Kx=ECDH     Au=ECDSA Enc=AESGCM(256)            Mac=AEAD
ECDHE-RSA-CHACHA20-POLY1305    TLSv1.2 Kx=ECDH     Au=RSA   Enc=CHACHA20/POLY1305(256) Mac=AEAD
DHE-RSA-AES128-CCM8            TLSv1.2 Kx=DH       Au=RSA   Enc=AESCCM8(128)           Mac=AEAD
ECDHE-ECDSA-AES256-SHA384      TLSv1.2 Kx=ECDH     Au=ECDSA Enc=AES(256)               Mac=SHA384
ECDHE-RSA-AES128-SHA           TLSv1   Kx=ECDH     Au=RSA   Enc=AES(128)               Mac=SHA1
AES128-GCM-SHA256              TLSv1.2 Kx=RSA      Au=RSA   Enc=AESGCM(128)            Mac=AEAD
AES256-SHA                     SSLv3   Kx=RSA      Au=RSA   Enc=AES(256)               Mac=SHA1
`;

test.each(DESCRIPTIONS.trim().split("\n"))("%s", (line) => {
  const [cipher = ""] = line.split(" ");
  expect(cipherDescription(cipher, cipher.startsWith("TLS_") ? "TLSv1.3" : "TLSv1.2")).toBe(`${line.padEnd(94)}\n`);
});

test("what a certificate says", () => {
  const now = Date.UTC(2026, 2, 1, 10, 5, 9);
  const ca = makeCertificate({ commonName: "an authority", hosts: [], days: 10, issuer: null, now });
  const { certificate } = makeCertificate({
    commonName: "x.example",
    hosts: ["x.example", "192.0.2.1", "2001:db8::1"],
    days: 10,
    issuer: ca,
    now,
  });
  const der = new Uint8Array(readCertificates(certificate)[0]!.raw);
  const text = textOfCertificate(der);
  expect(textOfCertificate(der)).toBe(text);
  expect(text.version).toBe(2);
  expect(text.line("subject")).toBe("/CN=x.example");
  expect(text.line("issuer")).toBe("/CN=an authority");
  expect(text.part("subject", "cn")).toBe("x.example");
  expect(text.part("subject", "unit")).toBeNull();
  expect(text.isSelfSigned).toBe(false);
  expect(text.alternative("hostname")).toBe("x.example");
  expect(text.alternative("ip")).toBe("192.0.2.1");
  expect(text.alternative("email")).toBeNull();
  expect(timeText(text.notBefore)).toBe("Mar  1 09:05:09 2026 GMT");
  expect(timeText(text.notAfter)).toBe("Mar 11 10:05:09 2026 GMT");
  expect(text.pem).toBe(certificate);
  expect(text.serial).toMatch(/^\d{30,}$/);
  const authority = new CertificateText(new Uint8Array(readCertificates(ca.certificate)[0]!.raw));
  expect(authority.isSelfSigned).toBe(true);
  expect(authority.alternative("hostname")).toBeNull();
});
