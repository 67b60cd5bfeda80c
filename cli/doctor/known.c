/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include <string.h>

#include <security/_pam_types.h>

#include "cli/doctor/known.h"

static const struct {
	const char		*name;
	enum module_class	 class;
} modules[] = {
	{ MODULE_OWN, MODULE_OURS },
	{ "pam_unix.so", MODULE_PASSWORD },
	{ "pam_unix2.so", MODULE_PASSWORD },
	{ "pam_pwquality.so", MODULE_QUIET },
	{ "pam_tcb.so", MODULE_PASSWORD },
	{ "pam_sss.so", MODULE_PASSWORD },
	{ "pam_ldap.so", MODULE_PASSWORD },
	{ "pam_ldapd.so", MODULE_PASSWORD },
	{ "pam_krb5.so", MODULE_PASSWORD },
	{ "pam_winbind.so", MODULE_PASSWORD },
	{ "pam_lsass.so", MODULE_PASSWORD },
	{ "pam_himmelblau.so", MODULE_PASSWORD },
	{ "pam_systemd_home.so", MODULE_PASSWORD },
	{ "pam_extrausers.so", MODULE_PASSWORD },
	{ "pam_pwdfile.so", MODULE_PASSWORD },
	{ "pam_userdb.so", MODULE_PASSWORD },
	{ "pam_mysql.so", MODULE_PASSWORD },
	{ "pam_pgsql.so", MODULE_PASSWORD },
	{ "pam_radius_auth.so", MODULE_PASSWORD },
	{ "pam_google_authenticator.so", MODULE_FACTOR },
	{ "pam_oath.so", MODULE_FACTOR },
	{ "pam_u2f.so", MODULE_FACTOR },
	{ "pam_yubico.so", MODULE_FACTOR },
	{ "pam_duo.so", MODULE_FACTOR },
	{ "pam_otpw.so", MODULE_FACTOR },
	{ "pam_fprintd.so", MODULE_FACTOR },
	{ "pam_pkcs11.so", MODULE_FACTOR },
	{ "pam_p11.so", MODULE_FACTOR },
	{ "pam_usb.so", MODULE_FACTOR },
	{ "pam_ssh_agent_auth.so", MODULE_FACTOR },
	{ "pam_sss_gss.so", MODULE_FACTOR },
	{ "pam_succeed_if.so", MODULE_CONDITION },
	{ "pam_access.so", MODULE_CONDITION },
	{ "pam_listfile.so", MODULE_CONDITION },
	{ "pam_localuser.so", MODULE_CONDITION },
	{ "pam_usertype.so", MODULE_CONDITION },
	{ "pam_wheel.so", MODULE_CONDITION },
	{ "pam_time.so", MODULE_CONDITION },
	{ "pam_exec.so", MODULE_SCRIPT },
	{ "pam_script.so", MODULE_SCRIPT },
	{ "pam_python.so", MODULE_SCRIPT },
	{ "pam_rhosts.so", MODULE_CONDITION },
	{ "pam_rhosts_auth.so", MODULE_CONDITION },
	{ "pam_selinux_permit.so", MODULE_CONDITION },
	{ "pam_geoip.so", MODULE_CONDITION },
	{ "pam_permit.so", MODULE_PERMIT },
	{ "pam_deny.so", MODULE_DENY },
	{ "pam_rootok.so", MODULE_ROOT },
	{ "pam_env.so", MODULE_QUIET },
	{ "pam_faildelay.so", MODULE_QUIET },
	{ "pam_faillock.so", MODULE_QUIET },
	{ "pam_tally.so", MODULE_QUIET },
	{ "pam_tally2.so", MODULE_QUIET },
	{ "pam_abl.so", MODULE_QUIET },
	{ "pam_nologin.so", MODULE_QUIET },
	{ "pam_securetty.so", MODULE_QUIET },
	{ "pam_shells.so", MODULE_QUIET },
	{ "pam_group.so", MODULE_QUIET },
	{ "pam_cap.so", MODULE_QUIET },
	{ "pam_gnome_keyring.so", MODULE_QUIET },
	{ "pam_kwallet.so", MODULE_QUIET },
	{ "pam_kwallet5.so", MODULE_QUIET },
	{ "pam_gdm.so", MODULE_QUIET },
	{ "pam_mount.so", MODULE_QUIET },
	{ "pam_ecryptfs.so", MODULE_QUIET },
	{ "pam_fscrypt.so", MODULE_QUIET },
	{ "pam_ssh.so", MODULE_FACTOR },
	{ "pam_afs_session.so", MODULE_QUIET },
	{ "pam_keyinit.so", MODULE_QUIET },
	{ "pam_loginuid.so", MODULE_QUIET },
	{ "pam_issue.so", MODULE_QUIET },
	{ "pam_motd.so", MODULE_QUIET },
	{ "pam_mail.so", MODULE_QUIET },
	{ "pam_echo.so", MODULE_QUIET },
	{ "pam_warn.so", MODULE_QUIET },
	{ "pam_debug.so", MODULE_SCRIPT },
	{ "pam_ftp.so", MODULE_CONDITION },
	{ "pam_selinux.so", MODULE_QUIET },
	{ "pam_limits.so", MODULE_QUIET },
	{ "pam_umask.so", MODULE_QUIET },
	{ "pam_systemd.so", MODULE_QUIET },
	{ "pam_lastlog.so", MODULE_QUIET },
	{ "pam_mkhomedir.so", MODULE_QUIET },
	{ "pam_namespace.so", MODULE_QUIET },
	{ "pam_setquota.so", MODULE_QUIET },
	{ "pam_sepermit.so", MODULE_CONDITION },
};

static const struct {
	const char		*name;
	enum service_kind	 kind;
} services[] = {
	{ "sshd", SERVICE_SSHD },
	{ "login", SERVICE_ROOT },
	{ "remote", SERVICE_ROOT },
	{ "su", SERVICE_ROOT },
	{ "su-l", SERVICE_ROOT },
	{ "sudo", SERVICE_CALLER },
	{ "sudo-i", SERVICE_CALLER },
	{ "doas", SERVICE_CALLER },
	{ "sudo-rs", SERVICE_CALLER },
	{ "run0", SERVICE_CALLER },
	{ "systemd-run0", SERVICE_CALLER },
	{ "polkit-1", SERVICE_CALLER },
	{ "cockpit", SERVICE_CALLER },
	{ "webmin", SERVICE_CALLER },
	{ "kde", SERVICE_LOGIN },
	{ "gdm", SERVICE_LOGIN },
	{ "gdm-password", SERVICE_LOGIN },
	{ "gdm3", SERVICE_LOGIN },
	{ "lightdm", SERVICE_LOGIN },
	{ "sddm", SERVICE_LOGIN },
	{ "xdm", SERVICE_LOGIN },
	{ "lxdm", SERVICE_LOGIN },
	{ "slim", SERVICE_LOGIN },
	{ "greetd", SERVICE_LOGIN },
	{ "xscreensaver", SERVICE_LOCKER },
	{ "gnome-screensaver", SERVICE_LOCKER },
	{ "mate-screensaver", SERVICE_LOCKER },
	{ "xfce4-screensaver", SERVICE_LOCKER },
	{ "cinnamon-screensaver", SERVICE_LOCKER },
	{ "hyprlock", SERVICE_LOCKER },
	{ "xlock", SERVICE_LOCKER },
	{ "xsecurelock", SERVICE_LOCKER },
	{ "vlock", SERVICE_LOCKER },
	{ "physlock", SERVICE_LOCKER },
	{ "kscreenlocker", SERVICE_LOCKER },
	/* They give the password to every prompt. */
	{ "i3lock", SERVICE_NO_PROMPT },
	{ "swaylock", SERVICE_NO_PROMPT },
	{ "waylock", SERVICE_NO_PROMPT },
	{ "vsftpd", SERVICE_NO_PROMPT },
	{ "proftpd", SERVICE_NO_PROMPT },
	{ "pure-ftpd", SERVICE_NO_PROMPT },
	{ "ftp", SERVICE_NO_PROMPT },
	{ "dovecot", SERVICE_NO_PROMPT },
	{ "imap", SERVICE_NO_PROMPT },
	{ "pop3", SERVICE_NO_PROMPT },
	{ "pop", SERVICE_NO_PROMPT },
	{ "smtp", SERVICE_NO_PROMPT },
	{ "smtpd", SERVICE_NO_PROMPT },
	{ "exim", SERVICE_NO_PROMPT },
	{ "saslauthd", SERVICE_NO_PROMPT },
	{ "samba", SERVICE_NO_PROMPT },
	{ "cups", SERVICE_NO_PROMPT },
	{ "squid", SERVICE_NO_PROMPT },
	{ "openvpn", SERVICE_NO_PROMPT },
	{ "ppp", SERVICE_NO_PROMPT },
	{ "radiusd", SERVICE_NO_PROMPT },
	{ "freeradius", SERVICE_NO_PROMPT },
	{ "apache2", SERVICE_NO_PROMPT },
	{ "httpd", SERVICE_NO_PROMPT },
	{ "nginx", SERVICE_NO_PROMPT },
	{ "xrdp-sesman", SERVICE_NO_PROMPT },
	{ "postgresql", SERVICE_NO_PROMPT },
	{ "mysql", SERVICE_NO_PROMPT },
	{ "mariadb", SERVICE_NO_PROMPT },
	{ "rsh", SERVICE_NO_PROMPT },
	{ "rlogin", SERVICE_NO_PROMPT },
	/* They never authenticate, whatever their stack says. */
	{ "cron", SERVICE_NO_DOOR },
	{ "crond", SERVICE_NO_DOOR },
	{ "atd", SERVICE_NO_DOOR },
	{ "runuser", SERVICE_NO_DOOR },
	{ "runuser-l", SERVICE_NO_DOOR },
	{ "passwd", SERVICE_NO_DOOR },
	{ "chpasswd", SERVICE_NO_DOOR },
	{ "newusers", SERVICE_NO_DOOR },
	{ "chfn", SERVICE_NO_DOOR },
	{ "chsh", SERVICE_NO_DOOR },
	{ "useradd", SERVICE_NO_DOOR },
	{ "usermod", SERVICE_NO_DOOR },
	{ "userdel", SERVICE_NO_DOOR },
	{ "groupadd", SERVICE_NO_DOOR },
	{ "groupmod", SERVICE_NO_DOOR },
	{ "groupdel", SERVICE_NO_DOOR },
	{ "chage", SERVICE_NO_DOOR },
	{ "groupmems", SERVICE_NO_DOOR },
	{ "systemd-user", SERVICE_NO_DOOR },
	{ "gdm-autologin", SERVICE_NO_DOOR },
	{ "gdm-launch-environment", SERVICE_NO_DOOR },
	{ "gdm-fingerprint", SERVICE_NO_DOOR },
	{ "gdm-smartcard", SERVICE_NO_DOOR },
	{ "lightdm-autologin", SERVICE_NO_DOOR },
	{ "lightdm-greeter", SERVICE_NO_DOOR },
	{ "sddm-autologin", SERVICE_NO_DOOR },
	{ "sddm-greeter", SERVICE_NO_DOOR },
	{ "stepup", SERVICE_NO_DOOR },
	{ "other", SERVICE_NO_DOOR },
};

/* "uid = 0 use_uid": the caller is root, as with pam_rootok. */
static bool
asks_for_root(const char *arguments)
{
	return arguments != NULL && strstr(arguments, "use_uid") != NULL &&
	    (strstr(arguments, "uid = 0") != NULL ||
	    strstr(arguments, "uid eq 0") != NULL);
}

enum module_class
known_module(const char *module, const char *arguments)
{
	const char *base = strrchr(module, '/');
	size_t i;

	base = base != NULL ? base + 1 : module;
	if (strcmp(base, "pam_succeed_if.so") == 0 &&
	    asks_for_root(arguments))
		return MODULE_ROOT;
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (strcmp(modules[i].name, base) == 0)
			return modules[i].class;
	return MODULE_UNKNOWN;
}

int
known_quiet_answer(const char *module, const char *arguments)
{
	const char *base = strrchr(module, '/');

	base = base != NULL ? base + 1 : module;
	/* Counters that open nothing, but let `authsucc` end the stack. */
	if (strcmp(base, "pam_faillock.so") == 0)
		return arguments != NULL &&
		    strstr(arguments, "authfail") != NULL ? PAM_IGNORE :
		    PAM_SUCCESS;
	if (strcmp(base, "pam_nologin.so") == 0 ||
	    strcmp(base, "pam_securetty.so") == 0 ||
	    strcmp(base, "pam_shells.so") == 0 ||
	    strncmp(base, "pam_tally", 9) == 0)
		return PAM_SUCCESS;
	return PAM_IGNORE;
}

enum service_kind
known_service(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(services[i].name, name) == 0)
			return services[i].kind;
	return SERVICE_UNKNOWN;
}

bool
known_leftover(const char *name)
{
	static const char *const tails[] = { "~", ".pam-old", ".rpmsave",
	    ".rpmnew", ".rpmorig", ".bak", ".orig", ".old", ".swp" };
	size_t i, len = strlen(name), n;

	if (name[0] == '.' || strstr(name, ".dpkg-") != NULL ||
	    strstr(name, ".ucf-") != NULL)
		return true;
	for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		n = strlen(tails[i]);
		if (len > n && strcmp(name + len - n, tails[i]) == 0)
			return true;
	}
	return false;
}
