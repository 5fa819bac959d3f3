package org.flinkcomponents.guard;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Arrays;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * The certificates that the API server is trusted by; read again when their file changes.
 *
 * <p>As long as it does not, the factory stays the same one, so that connections are used again.
 */
final class Https {
    private final Path authorities;
    private byte[] read = {};
    private SSLSocketFactory factory;

    Https(Path authorities) {
        this.authorities = authorities;
    }

    SSLSocketFactory sockets() throws IOException, GeneralSecurityException {
        byte[] now = Files.readAllBytes(authorities);
        if (!Arrays.equals(now, read)) {
            factory = trusting(now);
            read = now;
        }
        return factory;
    }

    private static SSLSocketFactory trusting(byte[] pem)
            throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int number = 0;
        CertificateFactory certificates = CertificateFactory.getInstance("X.509");
        for (Certificate one :
                certificates.generateCertificates(new ByteArrayInputStream(pem))) {
            store.setCertificateEntry("authority-" + number++, one);
        }
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context.getSocketFactory();
    }
}
