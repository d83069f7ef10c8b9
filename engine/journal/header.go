package journal

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// checkFile looks at the file and its write-ahead log while nobody else has
// them open. SQLite by itself takes a file cut within its last page as whole.
func checkFile(file string) (logScan, error) {
	scan, err := scanLog(file + walSuffix)
	if err != nil {
		return scan, err
	}
	f, err := os.Open(file)
	if err != nil {
		return scan, err
	}
	defer f.Close()
	var head [100]byte // https://sqlite.org/fileformat2.html#the_database_header
	if _, err := io.ReadFull(f, head[:]); err != nil || string(head[:16]) != "SQLite format 3\x00" {
		return scan, &DamageError{File: file, Offset: 0, Detail: "the header is not that of a SQLite file"}
	}
	info, err := f.Stat()
	if err != nil {
		return scan, err
	}
	be := binary.BigEndian
	pageSize := int64(be.Uint16(head[16:]))
	if pageSize == 1 {
		pageSize = 65536
	}
	want := pageSize * int64(be.Uint32(head[28:]))
	// A log with frames holds the truth about the size; a checkpoint cut short
	// may have written the first page and not yet the last.
	if scan.Frames == 0 && info.Size() < want {
		return scan, &DamageError{File: file, Offset: info.Size(), Detail: fmt.Sprintf("the file ends here instead of at byte %d", want)}
	}
	return scan, nil
}
