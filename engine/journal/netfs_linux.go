package journal

import "golang.org/x/sys/unix"

// networkFilesystem names the network file system path is on, or "".
// Numbers: statfs(2).
func networkFilesystem(path string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return ""
	}
	return networkName(uint32(st.Type))
}

func networkName(magic uint32) string {
	switch magic {
	case 0x6969:
		return "NFS"
	case 0x517b, 0xfe534d42:
		return "SMB"
	case 0xff534d42:
		return "CIFS"
	case 0x5346414f:
		return "AFS"
	case 0x564c:
		return "NCP"
	}
	return ""
}
