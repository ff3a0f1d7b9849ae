/* The least work that still makes a small JPEG of a large one: scaled decoding and plain encoding by
 * libjpeg-turbo, no filter in between. Nothing that shrinks JPEG through that library can be faster.
 * Returns the bytes written, 0 on failure. `scale` is the denominator of 1/8, 1/4, 1/2, 1/1. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>

struct stop { struct jpeg_error_mgr base; jmp_buf back; };

static void leave(j_common_ptr info) { longjmp(((struct stop *)info->err)->back, 1); }
static void quiet(j_common_ptr info, int level) { (void)info; (void)level; }

unsigned long shrink(const unsigned char *data, unsigned long size, int scale, int quality) {
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    struct stop stop;
    unsigned char *row = NULL, *sent = NULL;
    unsigned long bytes = 0;
    in.err = out.err = jpeg_std_error(&stop.base);
    stop.base.error_exit = leave;
    stop.base.emit_message = quiet;
    jpeg_create_decompress(&in);
    jpeg_create_compress(&out);
    if (setjmp(stop.back) == 0) {
        jpeg_mem_src(&in, (unsigned char *)data, size);
        jpeg_read_header(&in, TRUE);
        in.scale_num = 1;
        in.scale_denom = scale;
        jpeg_start_decompress(&in);
        row = malloc((size_t)in.output_width * in.output_components);
        jpeg_mem_dest(&out, &sent, &bytes);
        out.image_width = in.output_width;
        out.image_height = in.output_height;
        out.input_components = in.output_components;
        out.in_color_space = in.out_color_space;
        jpeg_set_defaults(&out);
        jpeg_set_quality(&out, quality, TRUE);
        jpeg_start_compress(&out, TRUE);
        while (in.output_scanline < in.output_height) {
            jpeg_read_scanlines(&in, &row, 1);
            jpeg_write_scanlines(&out, &row, 1);
        }
        jpeg_finish_compress(&out);
        jpeg_finish_decompress(&in);
    } else {
        bytes = 0;
    }
    jpeg_destroy_decompress(&in);
    jpeg_destroy_compress(&out);
    free(row);
    free(sent);
    return bytes;
}
